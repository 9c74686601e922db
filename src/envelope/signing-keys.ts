/**
 * The keys that sign answers: RSA keys in PKCS#8 PEM (RFC 5958, RFC 7468), kept as Worker secrets. A product
 * may have a key of its own; everything else is signed by the global one.
 *
 * A key is imported once per isolate, may only sign, and can not be taken out again.
 */
import { calculateJwkThumbprint, exportJWK, exportSPKI, importJWK, importPKCS8, type JWK } from 'jose'
import { SettingError } from '../setting-error.ts'

/** RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3). */
const ALGORITHM = 'RS256'
/** RFC 7518 section 3.3 requires it. */
const MODULUS_BITS_MIN = 2048

export const GLOBAL_KEY_NAME = 'SIGNING_PRIVATE_KEY'
const PRODUCT_KEY_NAME = /^SIGNING_PRIVATE_KEY_PRODUCT_([1-9]\d*)$/

/** Which key signed, as the envelope's `private_key_used` says it. */
export type KeyScope = 'global' | 'product'

/** There is no key to sign this answer with. */
export class SigningKeyError extends SettingError {
  override name = 'SigningKeyError'

  constructor(setting: string, fault: string) {
    super(setting, fault, `npm run --silent signing-key | npx wrangler secret put ${setting}`)
  }
}

export interface SigningKey {
  readonly scope: KeyScope
  readonly privateKey: CryptoKey
}

export interface PublicKey {
  /** RFC 7517, with `kid` = RFC 7638 thumbprint. */
  readonly jwk: JWK
  /** SubjectPublicKeyInfo, RFC 7468 section 13. */
  readonly pem: string
}

/** Secrets by name: PKCS#8 PEM, where a line end may be written as the two characters `\n`. */
export type SigningSecrets = Readonly<Record<string, string>>

const knownSecrets = new WeakMap<object, SigningSecrets>()
const importedKeys = new Map<string, Promise<CryptoKey>>()
const derivedPublicKeys = new Map<string, Promise<PublicKey>>()

/** @returns the secrets of the environment that hold signing keys, by name; looked for once per isolate */
export function signingSecrets(environment: object): SigningSecrets {
  const secrets = knownSecrets.get(environment) ?? findSecrets(environment)
  knownSecrets.set(environment, secrets)
  return secrets
}

function findSecrets(environment: object): SigningSecrets {
  const isSigningSecret = ([name, value]: [string, unknown]) =>
    (name === GLOBAL_KEY_NAME || PRODUCT_KEY_NAME.test(name)) && typeof value === 'string' && value !== ''
  return Object.fromEntries(Object.entries(environment).filter(isSigningSecret))
}

/**
 * @param productId the product whose answer is to be signed; undefined: an answer about no product
 * @throws SigningKeyError where the key is missing or can not sign
 */
export async function signingKeyFor(secrets: SigningSecrets, productId?: number): Promise<SigningKey> {
  const { name, scope } = keyNameFor(secrets, productId)
  return { scope, privateKey: await usableKey(name, secrets[name], importedKeys, importSigningKey) }
}

/** The public half of the key that `signingKeyFor` gives; same parameters and errors. */
export function publicKeyFor(secrets: SigningSecrets, productId?: number): Promise<PublicKey> {
  const { name } = keyNameFor(secrets, productId)
  return usableKey(name, secrets[name], derivedPublicKeys, derivePublicKey)
}

/** The public halves of all keys, the global one first, each once. */
export async function allPublicKeys(secrets: SigningSecrets): Promise<PublicKey[]> {
  const productIds = Object.keys(secrets).flatMap((name) => PRODUCT_KEY_NAME.exec(name)?.[1] ?? [])
  const keys = await Promise.all([
    publicKeyFor(secrets),
    ...productIds.map((productId) => publicKeyFor(secrets, Number(productId))),
  ])
  return [...new Map(keys.map((key) => [key.jwk.kid, key])).values()]
}

function keyNameFor(
  secrets: SigningSecrets,
  productId: number | undefined,
): { name: string; scope: KeyScope } {
  const productKeyName = `${GLOBAL_KEY_NAME}_PRODUCT_${productId}`
  return productKeyName in secrets
    ? { name: productKeyName, scope: 'product' }
    : { name: GLOBAL_KEY_NAME, scope: 'global' }
}

/** Reads a key once per isolate. A failure is forgotten, so that it is told again at the next request. */
async function usableKey<Key>(
  name: string,
  secret: string | undefined,
  known: Map<string, Promise<Key>>,
  read: (pem: string) => Promise<Key>,
): Promise<Key> {
  if (secret === undefined) throw new SigningKeyError(name, 'is not set')
  const key = known.get(secret) ?? read(secret.replaceAll('\\n', '\n').trim())
  known.set(secret, key)
  try {
    return await key
  } catch {
    known.delete(secret)
    const fault = `is not an RSA private key of at least ${MODULUS_BITS_MIN} bits in PKCS#8 PEM`
    throw new SigningKeyError(name, fault)
  }
}

async function importSigningKey(pem: string): Promise<CryptoKey> {
  const key = await importPKCS8(pem, ALGORITHM)
  const { modulusLength } = key.algorithm as CryptoKeyRsaKeyAlgorithm
  if (modulusLength < MODULUS_BITS_MIN) throw new Error('The modulus is too short.')
  return key
}

/** The only place where a private key is read as extractable: its public members are needed, and it is dropped. */
async function derivePublicKey(pem: string): Promise<PublicKey> {
  const { kty, n, e } = await exportJWK(await importPKCS8(pem, ALGORITHM, { extractable: true }))
  const members = { kty, n, e } as { kty: 'RSA'; n: string; e: string }
  const publicKey = await importJWK(members, ALGORITHM, { extractable: true })
  const kid = await calculateJwkThumbprint(members)
  return {
    jwk: { ...members, kid, use: 'sig', alg: ALGORITHM },
    pem: await exportSPKI(publicKey),
  }
}
