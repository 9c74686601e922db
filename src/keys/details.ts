/**
 * What is known of a license key and its product, for whoever has it activated.
 *
 * Guarantees: nothing is told of a key that `verify.ts` would not call valid.
 */
import { API_CALLER, type CallerRefusal } from '../callers/api-keys.ts'
import type { OperationRequest } from '../callers/operation.ts'
import { defineReading, type Read, read } from '../callers/reading.ts'
import type { Database } from '../db/batch.ts'
import { type KeyUse, type KeyVerdict, keyUseValues, type Unusable, verdictOnKey } from './usable.ts'
import { MAY_NOT_BE_USED_HERE } from './verify.ts'

const DAY_MILLISECONDS = 86_400_000

export interface Metadata {
  readonly key: string
  readonly value: string
}

export interface LicenseKeyDetails {
  readonly id: number
  readonly licenseKey: string
  readonly ownerName: string | null
  readonly ownerEmail: string | null
  readonly activationLimit: number
  readonly validityDays: number
  /** Milliseconds UTC. */
  readonly assignedAt: number
  /** By ascending id. */
  readonly metadata: readonly Metadata[]
}

export interface ProductDetails {
  readonly id: number
  readonly externalReference: string
  readonly source: 'internal' | 'envato'
  readonly name: string
  readonly description: string
  /** By ascending id. */
  readonly metadata: readonly Metadata[]
}

export type Details =
  | KeyVerdict<Unusable | 'activation-not-found'>
  | (KeyVerdict<'active'> & { readonly licenseKey: LicenseKeyDetails; readonly product: ProductDetails })

/** SQL, an expression: the metadata of the row in scope, as JSON. */
function metadataOf(table: string, owner: string): string {
  return `json((select json_group_array(json_object('key', key, 'value', value) order by id)
    from ${table} where ${owner}))`
}

const LICENSE_KEY = `json_object('id', license_keys.id, 'licenseKey', license_keys.license_key,
  'ownerName', license_keys.owner_name, 'ownerEmail', license_keys.owner_email,
  'activationLimit', license_keys.activation_limit, 'validityDays', license_keys.validity_days,
  'assignedAt', license_keys.assigned_at,
  'metadata', ${metadataOf('license_key_metadata', 'license_key_id = license_keys.id')})`

const PRODUCT = `json_object('id', products.id, 'externalReference', products.external_reference,
  'source', products.source, 'name', products.name, 'description', products.description,
  'metadata', ${metadataOf('product_metadata', 'product_id = products.id')})`

const details = defineReading<Details>(
  API_CALLER,
  verdictOnKey(MAY_NOT_BE_USED_HERE, 'active', [`'licenseKey', ${LICENSE_KEY}`, `'product', ${PRODUCT}`]),
)

/**
 * Reads the details of a license key.
 *
 * @param db the primary, or a session that may ask a replica
 * @param request who asks, and when
 * @param use which key, on what
 * @throws DatabaseUnavailableError
 */
export function readLicenseKeyDetails(
  db: Database,
  { callerValues, now }: Pick<OperationRequest, 'callerValues' | 'now'>,
  use: KeyUse,
): Promise<Read<Details, CallerRefusal>> {
  return read(db, details, { ...callerValues, ...keyUseValues(use), now })
}

/** @returns the first millisecond UTC at which the key has expired; undefined: it never does */
export function expiryOf({ assignedAt, validityDays }: LicenseKeyDetails): number | undefined {
  return validityDays === 0 ? undefined : assignedAt + validityDays * DAY_MILLISECONDS
}
