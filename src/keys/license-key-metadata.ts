/**
 * The metadata of license keys: texts under names, for the seller's own use.
 *
 * Guarantees: a key has one value under a name, whoever sets it at the same time; only a key that is assigned is
 * written about, and it need not be activated anywhere.
 */
import { API_CALLER, type CallerRefusal } from '../callers/api-keys.ts'
import { defineOperation, type OperationRequest, type Performed, perform } from '../callers/operation.ts'
import { IS_MEANT, IS_NOT_ASSIGNED, IS_UNKNOWN, type KeyVerdict, verdictOnKey } from './usable.ts'

/** What is to be written; undefined: nobody said. */
export interface MetadataOrder {
  /** 1 to 255 characters. */
  readonly licenseKey: string | undefined
  /** 1 to 255 characters. */
  readonly key: string | undefined
  /** 1 to 10,000 characters. */
  readonly value: string | undefined
}

/** Why nothing is written, whatever is asked for. */
type Refused = 'license-key-unknown' | 'not-assigned' | 'key-missing'

export type MetadataCreated =
  | KeyVerdict<Refused | 'value-missing' | 'exists'>
  | (KeyVerdict<'created'> & { readonly metadataId: number })
export type MetadataUpdated =
  | KeyVerdict<Refused | 'value-missing' | 'not-found'>
  | (KeyVerdict<'updated'> & { readonly metadataId: number })
export type MetadataDeleted = KeyVerdict<Refused | 'not-found' | 'deleted'>

const KEY_IS_MISSING = `when :key is null then 'key-missing'`
const VALUE_IS_MISSING = `when :value is null then 'value-missing'`

/** SQL, an expression: the id of what the row of `license_keys` in scope has under the key, or null. */
const METADATA_ID = `(select license_key_metadata.id from license_key_metadata
  where license_key_metadata.license_key_id = license_keys.id and license_key_metadata.key = :key)`

/** SQL, an expression: the id of what the license key that is meant has under the key, or null. */
const METADATA_ID_OF_MEANT = `(select ${METADATA_ID} from license_keys where ${IS_MEANT})`

const REFUSED = [IS_UNKNOWN, IS_NOT_ASSIGNED, KEY_IS_MISSING]

const creation = defineOperation<MetadataCreated>(
  API_CALLER,
  'create-license-key-meta',
  verdictOnKey([...REFUSED, VALUE_IS_MISSING, `when ${METADATA_ID} is not null then 'exists'`], 'created'),
  [
    `insert into license_key_metadata (license_key_id, key, value)
     select license_keys.id, :key, :value from license_keys where ${IS_MEANT} and {decided:created}`,
    `update operations set outcome = json_set(outcome, '$.metadataId', ${METADATA_ID_OF_MEANT})
     where {mine} and outcome ->> 'kind' = 'created'`,
  ],
)

const update = defineOperation<MetadataUpdated>(
  API_CALLER,
  'update-license-key-meta',
  verdictOnKey([...REFUSED, VALUE_IS_MISSING, `when ${METADATA_ID} is null then 'not-found'`], 'updated', [
    `'metadataId', ${METADATA_ID}`,
  ]),
  [`update license_key_metadata set value = :value where id = ${METADATA_ID_OF_MEANT} and {decided:updated}`],
)

const deletion = defineOperation<MetadataDeleted>(
  API_CALLER,
  'delete-license-key-meta',
  verdictOnKey([...REFUSED, `when ${METADATA_ID} is null then 'not-found'`], 'deleted'),
  [`delete from license_key_metadata where id = ${METADATA_ID_OF_MEANT} and {decided:deleted}`],
)

/**
 * Gives a license key a value under a name that it has none under.
 *
 * @param db the primary
 * @param request who asks, and when
 * @throws DatabaseUnavailableError: repeating the call with the same idempotency key is safe
 */
export function createLicenseKeyMetadata(
  db: D1Database,
  request: OperationRequest,
  order: MetadataOrder,
): Promise<Performed<MetadataCreated, CallerRefusal>> {
  return perform(db, creation, request, valuesOf(order))
}

/** Gives it another value under a name; parameters and errors as of `createLicenseKeyMetadata`. */
export function updateLicenseKeyMetadata(
  db: D1Database,
  request: OperationRequest,
  order: MetadataOrder,
): Promise<Performed<MetadataUpdated, CallerRefusal>> {
  return perform(db, update, request, valuesOf(order))
}

/** Takes away what it has under a name; parameters and errors as of `createLicenseKeyMetadata`. */
export function deleteLicenseKeyMetadata(
  db: D1Database,
  request: OperationRequest,
  order: Omit<MetadataOrder, 'value'>,
): Promise<Performed<MetadataDeleted, CallerRefusal>> {
  return perform(db, deletion, request, valuesOf({ ...order, value: undefined }))
}

function valuesOf({ licenseKey, key, value }: MetadataOrder): Record<string, string | null> {
  return { licenseKey: licenseKey ?? null, key: key ?? null, value: value ?? null }
}
