/**
 * The public keys that clients verify signatures with: current, next and retired keys. A retired key no
 * longer signs. It stays published while clients may still verify what it signed.
 *
 * Guarantees: the operator configured every published key as current, next or retired. An invalid next or
 * retired key is omitted and reported. An invalid current key is an error.
 */
import { SettingError } from '../platform/settings.ts'
import { derivePublicKey, EXPONENT_MIN, MODULUS_BITS_MIN, type PublicKey, parsePublicKey } from './keys.ts'
import {
  GLOBAL_KEY_NAME,
  INVALID_PRIVATE_KEY,
  keySettingFor,
  NEW_KEY_COMMAND,
  NEXT_SUFFIX,
  newKeyRemedy,
  RETIRED_KEYS_NAME,
  readKeySetting,
  type SigningSecrets,
} from './signing-keys.ts'

export interface PublishedKeys {
  /** Current keys, next keys and retired keys, without duplicates. */
  readonly keys: readonly PublicKey[]
  /** The errors of the keys that were omitted. */
  readonly faults: readonly SettingError[]
}

/** Not a SigningKeyError, since the current key still signs. */
class NextKeyError extends SettingError {
  override name = 'NextKeyError'

  constructor(setting: string) {
    super(setting, INVALID_PRIVATE_KEY, newKeyRemedy(setting, NEW_KEY_COMMAND))
  }
}

/** The public key of the key that `signingKeyFor` returns, with the same parameters and errors. */
export function publicKeyFor(secrets: SigningSecrets, productId?: number): Promise<PublicKey> {
  const { name } = keySettingFor(secrets, productId)
  return readKeySetting(name, secrets[name], derivePublicKey)
}

/**
 * The public key of the next signing key for a product, or of the next global key.
 *
 * @returns undefined if no next key is configured
 * @throws SettingError if the next key is invalid
 */
export async function nextPublicKeyFor(
  secrets: SigningSecrets,
  productId?: number,
): Promise<PublicKey | undefined> {
  // The product may have a next key without having a current one.
  const ofProduct = `${GLOBAL_KEY_NAME}_PRODUCT_${productId}${NEXT_SUFFIX}`
  const name = ofProduct in secrets ? ofProduct : `${keySettingFor(secrets, productId).name}${NEXT_SUFFIX}`
  const secret = secrets[name]
  if (secret === undefined) return undefined
  const key = await nextKey(name, secret)
  if (key instanceof SettingError) throw key
  return key
}

/** @throws SigningKeyError if a current key is missing or invalid */
export async function publishedKeys(secrets: SigningSecrets): Promise<PublishedKeys> {
  const privateKeys = Object.entries(secrets).filter(([name]) => name !== RETIRED_KEYS_NAME)
  const next = privateKeys.filter(([name]) => name.endsWith(NEXT_SUFFIX))
  const ofProducts = privateKeys.filter(([name]) => name !== GLOBAL_KEY_NAME && !name.endsWith(NEXT_SUFFIX))
  const found = await Promise.all([
    publicKeyFor(secrets),
    ...ofProducts.map(([name, secret]) => readKeySetting(name, secret, derivePublicKey)),
    ...next.map(([name, secret]) => nextKey(name, secret)),
  ])
  return withoutFaults([...found, ...(await retiredKeys(secrets[RETIRED_KEYS_NAME], RETIRED_KEYS_NAME))])
}

export function withoutFaults(all: readonly (PublicKey | SettingError)[]): PublishedKeys {
  const faults = all.filter((key) => key instanceof SettingError)
  const keys = all.filter((key): key is PublicKey => !(key instanceof SettingError))
  return { keys: [...new Map(keys.map((key) => [key.jwk.kid, key])).values()], faults }
}

async function nextKey(name: string, secret: string): Promise<PublicKey | SettingError> {
  try {
    return await derivePublicKey(secret)
  } catch {
    return new NextKeyError(name)
  }
}

/** Anyone who can read the setting could sign with it. */
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/
const AFTER_EACH_PEM = /(?<=-----END [A-Z ]+-----)/

/**
 * @param text concatenated PEMs of public keys, or a JSON array of them
 * @param setting contains the text
 * @returns a key or an error for each entry
 */
export async function retiredKeys(
  text: string | undefined,
  setting: string,
): Promise<(PublicKey | SettingError)[]> {
  if (text === undefined) return []
  return Promise.all(entriesOf(text.trim()).map((entry, index) => readEntry(entry, index + 1, setting)))
}

function entriesOf(text: string): readonly unknown[] {
  if (!text.startsWith('[')) {
    // A one-line setting has `\n` as two characters instead of line breaks.
    const pems = text.replaceAll('\\n', '\n').split(AFTER_EACH_PEM)
    return pems.filter((entry) => entry.trim() !== '')
  }
  try {
    return JSON.parse(text)
  } catch {
    return [text]
  }
}

async function readEntry(entry: unknown, number: number, setting: string): Promise<PublicKey | SettingError> {
  const remedy = `set [vars] ${setting} in wrangler.toml to public keys only, in PEM as the service publishes them, then npm run deploy`
  if (typeof entry === 'string' && PRIVATE_KEY.test(entry)) {
    const fault = `entry ${number} is a private key. Anyone who has read it can sign in your name, so replace that key`
    return new SettingError(setting, fault, remedy)
  }
  try {
    return await parsePublicKey(String(entry))
  } catch {
    const fault = `entry ${number} is not an RSA public key of at least ${MODULUS_BITS_MIN} bits or an Ed25519 public key, in PEM, or its RSA exponent is less than ${EXPONENT_MIN}`
    return new SettingError(setting, fault, remedy)
  }
}
