/**
 * The keys that sign license files. They are apart from the keys that sign responses, so that no reader takes a text
 * signed by one for a text signed by the other.
 *
 * Guarantees: each setting takes keys of one algorithm only. A missing or invalid key fails nothing but the license files
 * that it should sign. An invalid key is omitted from the published keys and reported.
 */
import { oncePerIsolate, SettingError } from '../platform/settings.ts'
import {
  derivePublicKey,
  EXPONENT_MIN,
  type KeyAlgorithm,
  MODULUS_BITS_MIN,
  oncePerText,
  type PublicKey,
} from './keys.ts'
import { type PublishedKeys, retiredKeys, withoutFaults } from './published-keys.ts'
import {
  importForSigning,
  NEW_KEY_COMMAND,
  NEXT_SUFFIX,
  newKeyRemedy,
  type PrivateKey,
  type SigningSecrets,
  selectSecrets,
} from './signing-keys.ts'

/** As `alg` of a license file names it. */
export type FileAlgorithm = 'ed25519' | 'rsa-sha256'

/** Public keys of retired file keys, of both algorithms. A variable, not a secret. */
export const RETIRED_FILE_KEYS_NAME = 'SIGNING_PUBLIC_KEYS_FILES_RETIRED'
const SECRET_NAME = /^SIGNING_PRIVATE_KEY_FILES(_RSA)?(_NEXT)?$/

interface FileKeyKind {
  /** The setting of the current key. */
  readonly setting: string
  readonly jwkAlgorithm: KeyAlgorithm['name']
  /** Prints a private key. */
  readonly command: string
  readonly fault: string
}

export const FILE_KEYS: Readonly<Record<FileAlgorithm, FileKeyKind>> = {
  ed25519: {
    setting: 'SIGNING_PRIVATE_KEY_FILES',
    jwkAlgorithm: 'EdDSA',
    command: `${NEW_KEY_COMMAND} --algorithm EdDSA`,
    fault: 'is not an Ed25519 private key in PKCS#8 PEM',
  },
  'rsa-sha256': {
    setting: 'SIGNING_PRIVATE_KEY_FILES_RSA',
    jwkAlgorithm: 'RS256',
    command: NEW_KEY_COMMAND,
    fault: `is not an RSA private key of at least ${MODULUS_BITS_MIN} bits in PKCS#8 PEM, or its RSA exponent is less than ${EXPONENT_MIN}`,
  },
}

export interface FileSigningKey extends PrivateKey {
  readonly algorithm: FileAlgorithm
}

export const fileSigningSecrets = oncePerIsolate((bindings) =>
  selectSecrets(bindings, SECRET_NAME, RETIRED_FILE_KEYS_NAME),
)

const importOnce = oncePerText(importForSigning)

/**
 * @param secrets of `fileSigningSecrets`
 * @returns undefined if the algorithm is `rsa-sha256` and the operator has no such key, which is optional
 * @throws SettingError if the key is invalid, or the Ed25519 key is missing. Not a SigningKeyError, since responses can
 * still be signed
 */
export async function fileSigningKeyFor(
  secrets: SigningSecrets,
  algorithm: FileAlgorithm,
): Promise<FileSigningKey | undefined> {
  const { setting, command } = FILE_KEYS[algorithm]
  const secret = secrets[setting]
  if (secret === undefined) {
    if (algorithm === 'rsa-sha256') return undefined
    throw new SettingError(setting, 'is not set', newKeyRemedy(setting, command))
  }
  await readFileKey(setting, secret)
  return { algorithm, ...(await importOnce(secret)) }
}

/** Current keys, next keys and retired keys. Each may be missing. */
export async function publishedFileKeys(secrets: SigningSecrets): Promise<PublishedKeys> {
  const current = Object.values(FILE_KEYS).map(({ setting }) => setting)
  const names = [...current, ...current.map((setting) => `${setting}${NEXT_SUFFIX}`)]
  const found = await Promise.all(names.map((name) => fileKeyOrFault(name, secrets[name])))
  const retired = await retiredKeys(secrets[RETIRED_FILE_KEYS_NAME], RETIRED_FILE_KEYS_NAME)
  return withoutFaults([...found.filter((key) => key !== undefined), ...retired])
}

async function fileKeyOrFault(
  name: string,
  secret: string | undefined,
): Promise<PublicKey | SettingError | undefined> {
  if (secret === undefined) return undefined
  try {
    return await readFileKey(name, secret)
  } catch (error) {
    if (error instanceof SettingError) return error
    throw error
  }
}

/**
 * @param name the setting of a current or next key
 * @returns the public key
 * @throws SettingError if it is not a key of the setting's algorithm
 */
export async function readFileKey(name: string, secret: string): Promise<PublicKey> {
  const { jwkAlgorithm, command, fault } = FILE_KEYS[fileAlgorithmOf(name)]
  const key = await derivePublicKey(secret).catch(() => undefined)
  if (key?.jwk.alg === jwkAlgorithm) return key
  throw new SettingError(name, fault, newKeyRemedy(name, command))
}

/** Whether a setting of this name has a private key that signs license files, now or next. */
export function isFileKeySetting(name: string): boolean {
  return SECRET_NAME.test(name)
}

/** @param setting of a current or next key */
export function fileAlgorithmOf(setting: string): FileAlgorithm {
  return setting.startsWith(FILE_KEYS['rsa-sha256'].setting) ? 'rsa-sha256' : 'ed25519'
}
