/**
 * What is published for those who verify: the keys that sign, those that will, and those that did.
 *
 * Guarantees: a key that is published is one that signs, is called next, or is called retired by the operator. A next
 * or retired key that can not be read is left out and reported, since it signs nothing; that never makes anybody trust
 * a wrong signature, while an answer without any key would keep everybody from verifying any. A key that should sign
 * and can not be read is an error, as everything is that it should sign.
 */
import { SettingError } from '../platform/setting-error.ts'
import { type PublicKey, publicHalfOf } from './public-half.ts'
import { retiredKeys } from './retired-keys.ts'
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
