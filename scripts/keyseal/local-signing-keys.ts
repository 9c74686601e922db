/** The signing keys of `.dev.vars`: what they are, and how one takes the place of another. */

import { SettingError } from '../../src/platform/settings.ts'
import type { PublicKey } from '../../src/signing/keys.ts'
import { GLOBAL_KEY_NAME, NEXT_SUFFIX, RETIRED_KEYS_NAME } from '../../src/signing/signing-keys.ts'
import { changeDevVars, copyDevVars, hasDevVars, readDevVars } from '../dev-vars.ts'
import { newSigningKey, type SigningAlgorithm } from '../secrets.ts'
import { type JudgedKey, judgedKeys } from './judged-keys.ts'

const SETTING = /^SIGNING_PRIVATE_KEY(?:_PRODUCT_([1-9]\d*))?(_NEXT)?$/

export interface LocalKey {
  /** RFC 7638, as the JWK Set names it. */
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly role: 'current' | 'next' | 'retired'
  /** null: the answers about no product, and those about products without a key of their own. */
  readonly product: number | null
  readonly setting: string
}

export type NamedKey = Pick<LocalKey, 'kid' | 'algorithm'>

/** What is to be done where there is no `.dev.vars`. */
export const NO_DEV_VARS = 'There is no .dev.vars. Run npm start, which creates it with a signing key.'

/** The setting that holds the private key of a product, or the global one. */
export function settingOf(productId: number | undefined): string {
  return productId === undefined ? GLOBAL_KEY_NAME : `${GLOBAL_KEY_NAME}_PRODUCT_${productId}`
}

/** Whether a setting of this name holds a private key. */
export function isKeySetting(setting: string): boolean {
  return SETTING.test(setting)
}

/** @throws Error that names the setting that holds no key */
export async function localKeys(): Promise<LocalKey[]> {
  const settings = readDevVars()
  const keys = await judgedKeys(settings)
  return keys.filter(({ setting }) => settings[setting]).map(localKey)
}

function localKey(judged: JudgedKey): LocalKey {
  const [, product, next] = SETTING.exec(judged.setting) ?? []
  const whilePrivate = next ? 'next' : 'current'
  const role = judged.setting === RETIRED_KEYS_NAME ? 'retired' : whilePrivate
  const { setting } = judged
  return { ...named(usable(judged)), role, product: product ? Number(product) : null, setting }
}

function usable({ key }: JudgedKey): PublicKey {
  if (!(key instanceof SettingError)) return key
  throw new Error(
    `.dev.vars: ${key.fault}. Run npm run keyseal -- doctor: it names the command that fixes it.`,
  )
}

function named({ jwk }: PublicKey): NamedKey {
  return { kid: jwk.kid, algorithm: jwk.kty === 'OKP' ? 'EdDSA' : 'RSA' }
}

/** @param privateKey one that can be used */
export async function nameOf(privateKey: string): Promise<NamedKey> {
  return named(await publicHalf(GLOBAL_KEY_NAME, privateKey))
}

async function publicHalf(setting: string, privateKey: string): Promise<PublicKey> {
  const keys = await judgedKeys({ [setting]: privateKey })
  return usable(keys.find((key) => key.setting === setting) ?? { setting, key: notThere(setting) })
}

const notThere = (setting: string) => new SettingError(setting, 'is not set', 'npm run keyseal -- doctor')

/**
 * Puts a fresh key where there is none that can be used.
 *
 * @returns also the name of a copy of `.dev.vars`, which has what was in its place
 * @throws Error where there is one that can be used
 */
export async function writeFreshKey(
  setting: string,
  algorithm: SigningAlgorithm,
): Promise<NamedKey & { readonly copy: string | undefined }> {
  if (!hasDevVars()) throw new Error(NO_DEV_VARS)
  const settings = readDevVars()
  const before = settings[setting]
  if (before && !(await isUnusable(setting, before))) {
    const rotate = 'npm run keyseal -- signing-key rotate'
    throw new Error(`${setting} in .dev.vars is a usable key and was not changed. To replace it: ${rotate}`)
  }
  const copy = before ? copyDevVars() : undefined
  const privateKey = newSigningKey(algorithm)
  changeDevVars({ [setting]: privateKey })
  return { ...(await nameOf(privateKey)), copy }
}

async function isUnusable(setting: string, value: string): Promise<boolean> {
  const keys = await judgedKeys({ [setting]: value })
  return keys.some((judged) => judged.setting === setting && judged.key instanceof SettingError)
}

/** A step of a rotation, and the key that it is about. */
export type RotationStep =
  | (NamedKey & { readonly step: 'published' })
  | (NamedKey & { readonly step: 'switched'; readonly retired: string })

/**
 * Goes one step on with the rotation of a key: publishes the next one, or lets it sign in the place of the one before,
 * whose public half stays published.
 *
 * @param algorithm of the next key; undefined: RSA, or what the one is that is published as next
 * @throws Error where one of another algorithm is published as next
 */
export async function rotateLocally(
  productId: number | undefined,
  algorithm: SigningAlgorithm | undefined,
): Promise<RotationStep> {
  if (!hasDevVars()) throw new Error(NO_DEV_VARS)
  const settings = readDevVars()
  const setting = settingOf(productId)
  const current = settings[setting]
  const next = settings[setting + NEXT_SUFFIX]
  if (!current) {
    const create = `npm run keyseal -- signing-key create --write ${setting}`
    throw new Error(
      `.dev.vars has no ${setting}, so there is nothing to rotate. To create the first key: ${create}`,
    )
  }
  const old = await publicHalf(setting, current)
  if (!next) {
    const privateKey = newSigningKey(algorithm ?? 'RSA')
    changeDevVars({ [setting + NEXT_SUFFIX]: privateKey })
    return { step: 'published', ...(await nameOf(privateKey)) }
  }
  const taking = named(await publicHalf(setting + NEXT_SUFFIX, next))
  if (algorithm !== undefined && algorithm !== taking.algorithm) {
    throw new Error(
      `There is a next key already, and it is ${taking.algorithm}, not ${algorithm}. Omit --algorithm ` +
        `to let it sign, or remove ${setting + NEXT_SUFFIX} from .dev.vars to start over.`,
    )
  }
  const retired = [...(await retiredPems()), old.pem]
  changeDevVars({
    [setting]: `${next}\n`,
    [setting + NEXT_SUFFIX]: undefined,
    [RETIRED_KEYS_NAME]: retired.join('\n'),
  })
  return { step: 'switched', ...taking, retired: old.jwk.kid }
}

/** @throws Error where one of them can not be read */
async function retiredPems(): Promise<string[]> {
  return (await retiredLocally()).map((judged) => usable(judged).pem)
}

async function retiredLocally(): Promise<JudgedKey[]> {
  const keys = await judgedKeys({ [RETIRED_KEYS_NAME]: readDevVars()[RETIRED_KEYS_NAME] })
  return keys.filter(({ setting }) => setting === RETIRED_KEYS_NAME)
}

/** Publishes a key no longer that signs no more. */
export async function retireLocally(kid: string): Promise<void> {
  const key = (await localKeys()).find((known) => known.kid === kid)
  if (!key) throw new Error('.dev.vars has no such key. List its keys: npm run keyseal -- signing-key list')
  if (key.role !== 'retired') {
    throw new Error(
      `This key is in use (${key.setting}). Replace it first: npm run keyseal -- signing-key rotate`,
    )
  }
  const kept = (await retiredLocally()).map(usable).filter(({ jwk }) => jwk.kid !== kid)
  setRetired(kept)
}

/** Takes out what is among the retired keys and can not be read. @returns the name of a copy of `.dev.vars` */
export async function forgetUnusable(): Promise<string> {
  const all = (await retiredLocally()).map(({ key }) => key)
  const kept = all.filter((key): key is PublicKey => !(key instanceof SettingError))
  if (kept.length === all.length)
    throw new Error('All retired keys in .dev.vars are readable, so nothing was changed.')
  const copy = copyDevVars()
  setRetired(kept)
  return copy
}

function setRetired(keys: readonly PublicKey[]): void {
  changeDevVars({
    [RETIRED_KEYS_NAME]: keys.length === 0 ? undefined : keys.map(({ pem }) => pem).join('\n'),
  })
}
