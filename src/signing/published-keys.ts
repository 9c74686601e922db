/**
 * What is published for clients that verify: the keys that sign, the next ones, and the retired ones. A retired key no
 * longer signs; it stays published as long as somebody may verify what it signed.
 *
 * Guarantees: every published key signs, is called next, or is called retired by the operator. A next or retired key
 * that cannot be read is left out and reported, since it signs nothing: nobody trusts a wrong signature because of it,
 * while a set without any key would keep everybody from verifying. A key that should sign and cannot be read is an
 * error.
 */
import { SettingError } from '../platform/settings.ts'
import { describePublicKey, MODULUS_BITS_MIN, type PublicKey, publicHalfOf } from './keys.ts'
import {
  GLOBAL_KEY_NAME,
  keyNameFor,
  NEW_KEY_COMMAND,
  NEXT,
  NO_PRIVATE_KEY,
  RETIRED_KEYS_NAME,
  type SigningSecrets,
  usableKey,
} from './signing-keys.ts'

export interface PublishedKeys {
  /** The global one, those of products, those that come next, those that are retired; each once. */
  readonly keys: readonly PublicKey[]
  /** What is wrong with the next and retired keys that are left out. */
  readonly faults: readonly SettingError[]
}

/** Not a SigningKeyError: whatever is wrong with the next key, the one before it still signs. */
class NextKeyError extends SettingError {
  override name = 'NextKeyError'

  constructor(setting: string) {
    const file = 'next-signing-key.pem'
    const remedy = `${NEW_KEY_COMMAND} > ${file} && npx wrangler secret put ${setting} < ${file}`
    super(setting, NO_PRIVATE_KEY, remedy)
  }
}

/** The public half of the key that `signingKeyFor` gives; same parameters and errors. */
export function publicKeyFor(secrets: SigningSecrets, productId?: number): Promise<PublicKey> {
  const { name } = keyNameFor(secrets, productId)
  return usableKey(name, secrets[name], publicHalfOf)
}

/**
 * The public half of the key that will sign the answers about a product, or the others.
 *
 * @returns undefined where no other key comes next
 * @throws SettingError where there is one that can not be read
 */
export async function nextPublicKeyFor(
  secrets: SigningSecrets,
  productId?: number,
): Promise<PublicKey | undefined> {
  // A product that has no key yet may be about to get one.
  const own = `${GLOBAL_KEY_NAME}_PRODUCT_${productId}${NEXT}`
  const name = own in secrets ? own : `${keyNameFor(secrets, productId).name}${NEXT}`
  const secret = secrets[name]
  if (secret === undefined) return undefined
  const key = await nextKey(name, secret)
  if (key instanceof SettingError) throw key
  return key
}

/**
 * All public keys.
 *
 * @throws SigningKeyError where a key that should sign is missing or can not be read
 */
export async function publishedKeys(secrets: SigningSecrets): Promise<PublishedKeys> {
  const privateKeys = Object.entries(secrets).filter(([name]) => name !== RETIRED_KEYS_NAME)
  const next = privateKeys.filter(([name]) => name.endsWith(NEXT))
  const ofProducts = privateKeys.filter(([name]) => name !== GLOBAL_KEY_NAME && !name.endsWith(NEXT))
  const found = await Promise.all([
    publicKeyFor(secrets),
    ...ofProducts.map(([name, secret]) => usableKey(name, secret, publicHalfOf)),
    ...next.map(([name, secret]) => nextKey(name, secret)),
  ])
  const all = [...found, ...(await retiredKeys(secrets[RETIRED_KEYS_NAME]))]
  const faults = all.filter((key) => key instanceof SettingError)
  const keys = all.filter((key): key is PublicKey => !(key instanceof SettingError))
  return { keys: [...new Map(keys.map((key) => [key.jwk.kid, key])).values()], faults }
}

async function nextKey(name: string, secret: string): Promise<PublicKey | SettingError> {
  try {
    return await publicHalfOf(secret)
  } catch {
    return new NextKeyError(name)
  }
}

const REMEDY = `put into [vars] ${RETIRED_KEYS_NAME} in wrangler.toml only public keys, as GET /api/v1/public-key gave them, then npx wrangler deploy`
/** Worse than a typing mistake: everybody who can read the setting could sign. */
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/
const AFTER_EACH_PEM = /(?<=-----END [A-Z ]+-----)/

/**
 * @param text PEMs of public keys one after the other, or a JSON list of them; undefined: there are none
 * @returns for each a key, or what is wrong with it and how it is mended
 */
export async function retiredKeys(text: string | undefined): Promise<(PublicKey | SettingError)[]> {
  if (text === undefined) return []
  return Promise.all(entriesOf(text.trim()).map((entry, index) => readEntry(entry, index + 1)))
}

function entriesOf(text: string): readonly unknown[] {
  if (!text.startsWith('[')) {
    // A setting on one line has its line ends as the two characters `\n`.
    const pems = text.replaceAll('\\n', '\n').split(AFTER_EACH_PEM)
    return pems.filter((entry) => entry.trim() !== '')
  }
  try {
    return JSON.parse(text)
  } catch {
    return [text]
  }
}

async function readEntry(entry: unknown, place: number): Promise<PublicKey | SettingError> {
  if (typeof entry === 'string' && PRIVATE_KEY.test(entry)) {
    const fault = `holds a private key at place ${place}: who has read it can sign in your name, so replace that key`
    return new SettingError(RETIRED_KEYS_NAME, fault, REMEDY)
  }
  try {
    return await describePublicKey(String(entry))
  } catch {
    const fault = `holds at place ${place} what is not an RSA public key of at least ${MODULUS_BITS_MIN} bits in PEM, nor an Ed25519 one`
    return new SettingError(RETIRED_KEYS_NAME, fault, REMEDY)
  }
}
