/**
 * The keys that sign responses: RSA or Ed25519 keys in PKCS#8 PEM (RFC 5958, RFC 7468), stored as Worker
 * secrets. A product may have its own key. The global key signs everything else. A key whose name ends in
 * `_NEXT` never signs.
 *
 * A key is imported once per isolate, for signing only, and is not extractable.
 */
import { oncePerIsolate, SettingError, type Settings } from '../platform/settings.ts'
import {
  derivePublicKey,
  EXPONENT_MIN,
  type KeyAlgorithm,
  MODULUS_BITS_MIN,
  oncePerText,
  readPrivateKey,
} from './keys.ts'

export const GLOBAL_KEY_NAME = 'SIGNING_PRIVATE_KEY'
export const NEXT_SUFFIX = '_NEXT'
/** Public keys of retired signing keys. A variable, not a secret. */
export const RETIRED_KEYS_NAME = 'SIGNING_PUBLIC_KEYS_RETIRED'
const SECRET_NAME = /^SIGNING_PRIVATE_KEY(_PRODUCT_[1-9]\d*)?(_NEXT)?$/

/** Prints a private key. */
export const NEW_KEY_COMMAND = 'npm run --silent keyseal -- signing-key create'
export const INVALID_PRIVATE_KEY = `is not an RSA private key of at least ${MODULUS_BITS_MIN} bits or an Ed25519 private key, in PKCS#8 PEM, or its RSA exponent is less than ${EXPONENT_MIN}`

/**
 * How to set a new key in production.
 *
 * @param command prints the key
 */
export function newKeyRemedy(setting: string, command: string): string {
  const put = `npx wrangler secret put ${setting}`
  // A next key is needed again when it becomes the current one, and a secret cannot be read back.
  const file = 'next-signing-key.pem'
  return setting.endsWith(NEXT_SUFFIX) ? `${command} > ${file} && ${put} < ${file}` : `${command} | ${put}`
}

/** Which key signed: the value of `private_key_used` in the envelope. */
export type KeyScope = 'global' | 'product'

/** The key for this response is missing or invalid. */
export class SigningKeyError extends SettingError {
  override name = 'SigningKeyError'

  constructor(setting: string, fault: string) {
    super(setting, fault, newKeyRemedy(setting, NEW_KEY_COMMAND))
  }
}

export interface PrivateKey {
  readonly privateKey: CryptoKey
  readonly scheme: KeyAlgorithm['scheme']
  /** The `kid` of its public key. */
  readonly keyId: string
}

export interface SigningKey extends PrivateKey {
  readonly scope: KeyScope
}

/**
 * Secrets by name, in PKCS#8 PEM. Line breaks may be written as `\n` in two characters. `RETIRED_KEYS_NAME`
 * contains public keys.
 */
export type SigningSecrets = Readonly<Record<string, string>>

export const signingSecrets = oncePerIsolate((bindings) =>
  selectSecrets(bindings, SECRET_NAME, RETIRED_KEYS_NAME),
)

/**
 * @param secretName matches the settings of private keys
 * @param retiredName the setting of the public keys of retired keys
 */
export function selectSecrets(bindings: Settings, secretName: RegExp, retiredName: string): SigningSecrets {
  const secrets: Record<string, string> = {}
  for (const [name, value] of Object.entries(bindings)) {
    if (secretName.test(name) && typeof value === 'string' && value !== '') secrets[name] = value
    // wrangler.toml may contain an array.
    if (name === retiredName && value) {
      secrets[name] = typeof value === 'string' ? value : JSON.stringify(value)
    }
  }
  return secrets
}

/** One memoized importer per scope, since `SigningKey` includes the scope. */
const importedKeys = { global: importerFor('global'), product: importerFor('product') }

/**
 * @param productId the product of the response; undefined: no product
 * @throws SigningKeyError if the key is missing or invalid
 */
export async function signingKeyFor(secrets: SigningSecrets, productId?: number): Promise<SigningKey> {
  const { name, scope } = keySettingFor(secrets, productId)
  return readKeySetting(name, secrets[name], importedKeys[scope])
}

/** @throws SigningKeyError if the setting is missing or invalid */
export async function readKeySetting<Key>(
  name: string,
  secret: string | undefined,
  read: (pem: string) => Promise<Key>,
): Promise<Key> {
  if (secret === undefined) throw new SigningKeyError(name, 'is not set')
  try {
    return await read(secret)
  } catch {
    throw new SigningKeyError(name, INVALID_PRIVATE_KEY)
  }
}

/** The setting of the key that signs responses about a product. */
export function keySettingFor(
  secrets: SigningSecrets,
  productId: number | undefined,
): { name: string; scope: KeyScope } {
  const productKeyName = `${GLOBAL_KEY_NAME}_PRODUCT_${productId}`
  return productKeyName in secrets
    ? { name: productKeyName, scope: 'product' }
    : { name: GLOBAL_KEY_NAME, scope: 'global' }
}

function importerFor(scope: KeyScope): (pem: string) => Promise<SigningKey> {
  return oncePerText(async (pem) => ({ scope, ...(await importForSigning(pem)) }))
}

/** @throws if `pem` is not a private key that may sign */
export async function importForSigning(pem: string): Promise<PrivateKey> {
  const { key, algorithm } = await readPrivateKey(pem, { extractable: false })
  const { jwk } = await derivePublicKey(pem)
  return { privateKey: key, scheme: algorithm.scheme, keyId: jwk.kid }
}
