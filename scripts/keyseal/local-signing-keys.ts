/** The signing keys of `.dev.vars`: what they are, and how one takes the place of another. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { changeDevVars, readDevVars } from '../dev-vars.ts'
import { newSigningKey, type SigningAlgorithm } from '../secrets.ts'

const RETIRED = 'SIGNING_PUBLIC_KEYS_RETIRED'
const SETTING = /^SIGNING_PRIVATE_KEY(?:_PRODUCT_([1-9]\d*))?(_NEXT)?$/
const PEM = /-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----/gs

export interface LocalKey {
  /** RFC 7638, as the JWK Set names it. */
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly role: 'current' | 'next' | 'retired'
  /** null: the answers about no product, and those about products without a key of their own. */
  readonly product: number | null
  readonly setting: string
}

/** The setting that holds the private key of a product, or the global one. */
export function settingOf(productId: number | undefined): string {
  return productId === undefined ? 'SIGNING_PRIVATE_KEY' : `SIGNING_PRIVATE_KEY_PRODUCT_${productId}`
}

/** @throws Error that names the setting that holds no key */
export async function localKeys(): Promise<LocalKey[]> {
  const settings = readDevVars()
  const keys: LocalKey[] = []
  for (const [setting, value] of Object.entries(settings)) {
    const [isKey, product, next] = SETTING.exec(setting) ?? []
    if (!isKey || value === '') continue
    const role = next ? 'next' : 'current'
    keys.push({
      ...(await describe(setting, value)),
      role,
      product: product ? Number(product) : null,
      setting,
    })
  }
  for (const pem of retiredPems(settings)) {
    keys.push({ ...(await describe(RETIRED, pem)), role: 'retired', product: null, setting: RETIRED })
  }
  return keys
}

/** PEMs one after the other, or in a JSON list: both are written alike between their marks. */
function retiredPems(settings: Readonly<Record<string, string>>): string[] {
  return settings[RETIRED]?.match(PEM) ?? []
}

async function describe(setting: string, pem: string): Promise<Pick<LocalKey, 'kid' | 'algorithm'>> {
  const key = publicHalf(setting, pem)
  const kid = await calculateJwkThumbprint(key.export({ format: 'jwk' }) as JWK)
  return { kid, algorithm: key.asymmetricKeyType === 'ed25519' ? 'EdDSA' : 'RSA' }
}

function publicHalf(setting: string, pem: string): KeyObject {
  try {
    return createPublicKey(pem.includes('PRIVATE KEY') ? createPrivateKey(pem) : pem)
  } catch {
    throw new Error(
      `${setting} in .dev.vars is no key in PEM: npm run --silent keyseal -- signing-key create prints one.`,
    )
  }
}

/** @returns the `kid` of a private key */
export async function kidOf(privateKey: string): Promise<string> {
  return (await describe('It', privateKey)).kid
}

/**
 * Goes one step on with the rotation of a key: publishes the next one, or lets it sign in the place of the one before,
 * whose public half stays published.
 */
export function rotateLocally(
  productId: number | undefined,
  algorithm: SigningAlgorithm,
): 'published' | 'switched' {
  const settings = readDevVars()
  const setting = settingOf(productId)
  const current = settings[setting]
  const next = settings[`${setting}_NEXT`]
  if (!current) throw new Error(`.dev.vars has no ${setting}, so there is nothing to rotate: set it first.`)
  if (!next) {
    changeDevVars({ [`${setting}_NEXT`]: newSigningKey(algorithm) })
    return 'published'
  }
  const old = publicHalf(setting, current).export({ type: 'spki', format: 'pem' }).toString()
  const retired = [...retiredPems(settings), old.trim()]
  changeDevVars({ [setting]: `${next}\n`, [`${setting}_NEXT`]: undefined, [RETIRED]: retired.join('\n') })
  return 'switched'
}

/** Publishes a key no longer that signs no more. */
export async function retireLocally(kid: string): Promise<void> {
  const key = (await localKeys()).find((known) => known.kid === kid)
  if (!key) throw new Error('.dev.vars has no such key: npm run keyseal -- signing-key list')
  if (key.role !== 'retired') {
    throw new Error(`This key is in use (${key.setting}): npm run keyseal -- signing-key rotate comes first.`)
  }
  const kept = []
  for (const pem of retiredPems(readDevVars())) {
    if ((await describe(RETIRED, pem)).kid !== kid) kept.push(pem)
  }
  changeDevVars({ [RETIRED]: kept.length === 0 ? undefined : kept.join('\n') })
}
