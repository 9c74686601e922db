/**
 * License files for callers: what a request may ask for, the SQL that reads what a file states, and how it is made. A
 * file ends with its license, whose end includes the days of grace.
 */
import * as z from 'zod/mini'
import { EXPIRES_AT } from '../issuing/expiry.ts'
import { EFFECTIVE_FEATURES } from '../issuing/features.ts'
import {
  type Bindings,
  checkSettings,
  numberSetting,
  oncePerIsolate,
  type Settings,
} from '../platform/settings.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import { DAY_MILLISECONDS } from '../protocol/dates.ts'
import { choice, type FieldErrors, flag, optional, wholeNumber } from '../protocol/fields.ts'
import { type FileSigningKey, fileSigningKeyFor, fileSigningSecrets } from '../signing/file-keys.ts'
import { makeLicenseFile } from '../signing/license-file.ts'
import { licenseFileContents } from '../signing/license-file-contents.ts'
import { ACTIVATION_ID, LAST_SEEN_AT } from './devices/devices.ts'
import { isWeakKey } from './key-strength.ts'

const DAY_SECONDS = 86_400
const TTL_SECONDS_MIN = 3_600
const TTL_DAYS_DEFAULT = 14
const DAYS_MAX_DEFAULT = 30

const settings = z.object({
  LICENSE_FILE_DAYS_MAX: numberSetting(
    /^([1-9]|[1-9]\d|[12]\d\d|3[0-5]\d|36[0-5])$/,
    'is not a whole number from 1 to 365',
    DAYS_MAX_DEFAULT,
  ),
})

/** The longest time that a license file may be valid, in days. */
export const licenseFileDaysMax = oncePerIsolate(
  (bindings) => checkSettings(settings, bindings).LICENSE_FILE_DAYS_MAX,
)

/** The longest `ttl`. */
export function ttlSecondsMax(env: Settings): number {
  return licenseFileDaysMax(env) * DAY_SECONDS
}

/** The parameters of a request for a file. All are optional. */
export function fileFields(env: Settings) {
  const secondsMax = ttlSecondsMax(env)
  return {
    ttl: optional(wholeNumber('ttl', TTL_SECONDS_MIN, secondsMax)).check(
      z.meta({
        description:
          `How many seconds the license file is valid, from ${TTL_SECONDS_MIN} (1 hour). The default is ` +
          `${TTL_DAYS_DEFAULT} days. The most is set by the server (LICENSE_FILE_DAYS_MAX, default ${DAYS_MAX_DEFAULT} days). ` +
          'A file never ends later than its license',
      }),
    ),
    algorithm: optional(choice('algorithm', ['ed25519', 'rsa-sha256'])).check(
      z.meta({ description: 'How the license file is signed. The default is ed25519' }),
    ),
    encrypt: optional(flag('encrypt')).check(
      z.meta({
        description:
          '0: the license file is not encrypted. The default is 1: its key is the SHA-256 of the license key, followed ' +
          'by the identifier, as they were sent',
      }),
    ),
  }
}

export interface FileParameters {
  readonly license_key?: string | undefined
  readonly identifier?: string | undefined
  readonly ttl?: number | undefined
  readonly encrypt?: number | undefined
}

/** The values of the placeholders in this file, except `now` and those of devices.ts. */
export function fileValues(env: Bindings, parameters: FileParameters): Record<string, number> {
  const { license_key: licenseKey = '', ttl, encrypt = 1 } = parameters
  const ttlSeconds = ttl ?? Math.min(TTL_DAYS_DEFAULT, licenseFileDaysMax(env)) * DAY_SECONDS
  return {
    ttlMilliseconds: ttlSeconds * 1000,
    // The encryption is only as strong as the license key.
    isTooWeak: encrypt === 1 && isWeakKey(licenseKey) ? 1 : 0,
  }
}

/** An SQL expression: the end of a file that is made now for the row of `license_keys`. */
export const FILE_ENDS_AT = `min(:now + :ttlMilliseconds, coalesce(${EXPIRES_AT}, :now + :ttlMilliseconds))`

/**
 * SQL that extends the time for which the device keeps its seat. It changes no row that was just inserted.
 *
 * @param isKey SQL that selects the row of `license_keys`
 * @param isDecided an SQL condition: this request gets a file
 */
export function rememberFile(isKey: string, isDecided: string): string {
  return `update activations set file_ends_at = max(coalesce(file_ends_at, 0), ${FILE_ENDS_AT}),
      last_seen_at = ${LAST_SEEN_AT}
    from license_keys where ${isKey} and activations.id = ${ACTIVATION_ID}
      and (coalesce(file_ends_at, 0) < ${FILE_ENDS_AT} or coalesce(last_seen_at, 0) <= :now - ${DAY_MILLISECONDS})
      and ${isDecided}`
}

/** What a file states, apart from its request. */
export interface FileFacts {
  readonly endsAt: number
  /** null: the file is valid on any machine. */
  readonly activationId: number | null
  readonly activatedAt: number | null
  readonly licenseKeyId: number
  readonly licenseKey: string
  readonly expiresAt: number | null
  readonly createdAt: number
  readonly updatedAt: number
  readonly productName: string
  readonly features: readonly string[] | null
}

/** SQL: the `FileFacts` of the rows of `license_keys` and `products` as JSON. */
export const FILE_FACTS = `json_object('endsAt', ${FILE_ENDS_AT}, 'activationId', ${ACTIVATION_ID},
  'activatedAt', (select activations.created_at from activations where activations.id = ${ACTIVATION_ID}),
  'licenseKeyId', license_keys.id, 'licenseKey', license_keys.license_key, 'expiresAt', ${EXPIRES_AT},
  'createdAt', license_keys.created_at, 'updatedAt', license_keys.updated_at, 'productName', products.name,
  'features', json(${EFFECTIVE_FEATURES}))`

export type FileProblem = 'algorithm-unavailable' | 'key-too-weak'

export const FILE_PROBLEM_CODES: Record<FileProblem, Code> = {
  'algorithm-unavailable': CODES.incorrectData,
  'key-too-weak': CODES.incorrectData,
}

/** The value of `errors` for a problem. */
export const FILE_PROBLEM_ERRORS: Record<FileProblem, FieldErrors> = {
  'algorithm-unavailable': { algorithm: ['This server has no key for license files of this algorithm.'] },
  'key-too-weak': {
    encrypt: [
      'This license key is too short to encrypt a file with it. Send encrypt=0 to get one that is not encrypted.',
    ],
  },
}

/** An SQL check: the file would be encrypted with a license key that can be guessed. */
export const WHEN_TOO_WEAK = `when :isTooWeak then 'key-too-weak'`

/**
 * @returns undefined if the server has no key of this algorithm
 * @throws SettingError if the key is invalid, or the default one is missing
 */
export function fileKeyFor(
  env: Bindings,
  { algorithm = 'ed25519' }: { readonly algorithm?: 'ed25519' | 'rsa-sha256' | undefined },
): Promise<FileSigningKey | undefined> {
  return fileSigningKeyFor(fileSigningSecrets(env), algorithm)
}

/**
 * @param now milliseconds UTC
 * @returns the license file that a request gets
 */
export function makeFile(
  key: FileSigningKey,
  { productId, facts }: { readonly productId: number; readonly facts: FileFacts },
  { license_key: licenseKey = '', identifier, encrypt = 1 }: FileParameters,
  now: number,
): Promise<string> {
  const { activationId, activatedAt, licenseKeyId, productName } = facts
  const machine =
    identifier === undefined || activationId === null || activatedAt === null
      ? null
      : { id: activationId, identifier, createdAt: activatedAt }
  const contents = licenseFileContents({
    issuedAt: now,
    expiresAt: facts.endsAt,
    machine,
    license: { id: licenseKeyId, key: facts.licenseKey, ...facts },
    product: { id: productId, name: productName },
    features: facts.features ?? [],
  })
  const encryptionSecret = encrypt === 1 ? licenseKey + (machine?.identifier ?? '') : null
  return makeLicenseFile({ kind: machine ? 'machine' : 'license', contents, key, encryptionSecret })
}
