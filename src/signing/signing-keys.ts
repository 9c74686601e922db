/**
 * The keys that sign answers: RSA or Ed25519 keys in PKCS#8 PEM (RFC 5958, RFC 7468), kept as Worker secrets. A product
 * may have a key of its own; everything else is signed by the global one. A key whose name ends in `_NEXT` never signs.
 *
 * A key is imported once per isolate, may only sign, and can not be taken out again.
 */
import { oncePerIsolate, SettingError } from '../platform/settings.ts'
import { type KeyAlgorithm, MODULUS_BITS_MIN, oncePerText, publicHalfOf, readPrivateKey } from './keys.ts'

export const GLOBAL_KEY_NAME = 'SIGNING_PRIVATE_KEY'
export const NEXT = '_NEXT'
/** Public keys of keys that sign no more. Not a secret, but it belongs to them. */
export const RETIRED_KEYS_NAME = 'SIGNING_PUBLIC_KEYS_RETIRED'
const SECRET_NAME = /^SIGNING_PRIVATE_KEY(_PRODUCT_[1-9]\d*)?(_NEXT)?$/

/** Prints a private key. */
export const NEW_KEY_COMMAND = 'npm run --silent keyseal -- signing-key create'
/** What is wrong with a private key that can not be used. */
export const NO_PRIVATE_KEY = `is not an RSA private key of at least ${MODULUS_BITS_MIN} bits in PKCS#8 PEM, nor an Ed25519 one`

/** Which key signed, as the envelope's `private_key_used` says it. */
export type KeyScope = 'global' | 'product'

/** There is no key to sign this answer with. */
export class SigningKeyError extends SettingError {
  override name = 'SigningKeyError'

  constructor(setting: string, fault: string) {
    super(setting, fault, `${NEW_KEY_COMMAND} | npx wrangler secret put ${setting}`)
  }
}

export interface SigningKey {
  readonly scope: KeyScope
  readonly privateKey: CryptoKey
  readonly scheme: KeyAlgorithm['scheme']
  /** The `kid` that its public half is published under. */
  readonly keyId: string
}

/**
 * Secrets by name: PKCS#8 PEM, where a line end may be written as the two characters `\n`; and beside them, under
 * `RETIRED_KEYS_NAME`, public keys.
 */
export type SigningSecrets = Readonly<Record<string, string>>

/** @returns the settings that hold signing keys, by name */
export const signingSecrets = oncePerIsolate((bindings): SigningSecrets => {
  const secrets: Record<string, string> = {}
  for (const [name, value] of Object.entries(bindings)) {
    if (SECRET_NAME.test(name) && typeof value === 'string' && value !== '') secrets[name] = value
    // A list in wrangler.toml arrives as an array.
    if (name === RETIRED_KEYS_NAME && value) {
      secrets[name] = typeof value === 'string' ? value : JSON.stringify(value)
    }
  }
  return secrets
})

/** One for each scope, so that the key that a request gets is made once, as a whole. */
const importedKeys = { global: importerFor('global'), product: importerFor('product') }

/**
 * @param productId the product whose answer is to be signed; undefined: an answer about no product
 * @throws SigningKeyError where the key is missing or can not sign
 */
export async function signingKeyFor(secrets: SigningSecrets, productId?: number): Promise<SigningKey> {
  const { name, scope } = keyNameFor(secrets, productId)
  return usableKey(name, secrets[name], importedKeys[scope])
}

/**
 * Reads what a setting holds.
 *
 * @throws SigningKeyError where it is missing, or what it holds can not sign
 */
export async function usableKey<Key>(
  name: string,
  secret: string | undefined,
  read: (pem: string) => Promise<Key>,
): Promise<Key> {
  if (secret === undefined) throw new SigningKeyError(name, 'is not set')
  try {
    return await read(secret)
  } catch {
    throw new SigningKeyError(name, NO_PRIVATE_KEY)
  }
}

/** The setting whose key signs the answers about a product. */
export function keyNameFor(
  secrets: SigningSecrets,
  productId: number | undefined,
): { name: string; scope: KeyScope } {
  const productKeyName = `${GLOBAL_KEY_NAME}_PRODUCT_${productId}`
  return productKeyName in secrets
    ? { name: productKeyName, scope: 'product' }
    : { name: GLOBAL_KEY_NAME, scope: 'global' }
}

function importerFor(scope: KeyScope): (pem: string) => Promise<SigningKey> {
  return oncePerText(async (pem) => {
    const { key, algorithm } = await readPrivateKey(pem, { extractable: false })
    const { jwk } = await publicHalfOf(pem)
    return { scope, privateKey: key, scheme: algorithm.scheme, keyId: jwk.kid }
  })
}
