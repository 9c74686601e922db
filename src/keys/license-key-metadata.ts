/**
 * `POST /api/v1/create-license-key-meta`, `update-license-key-meta` and `delete-license-key-meta`. A license
 * key has one value per name, even if requests race. It must be assigned, but need not be activated.
 */
import * as z from 'zod/mini'
import { apiKey } from '../callers/api-keys.ts'
import { defineOperation, perform } from '../callers/operation.ts'
import { LONG_TEXT_BODY_BYTES_MAX } from '../http/body.ts'
import { endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import { identifier, licenseKey, optional, plainText } from '../protocol/fields.ts'
import {
  checkKey,
  deviceIdentifier,
  IS_REQUESTED,
  KEY_PROBLEM_CODES,
  type KeyOutcome,
  REQUESTED_KEY_AUTHORITY,
  WHEN_NOT_ASSIGNED,
  WHEN_UNKNOWN,
} from './key-checks.ts'
import { licenseAudit } from './license-audit.ts'

/** The identifier is only checked against the blocklist. A missing `key` has its own code. */
const NAME_FIELDS = { license_key: licenseKey, identifier, key: optional(plainText('key', 255)) }
const FIELDS = { ...NAME_FIELDS, value: optional(plainText('value', 10_000)) }

/** The refusals that all three endpoints share. */
type Refused = 'license-key-unknown' | 'not-assigned' | 'key-missing'

type Created =
  | KeyOutcome<Refused | 'value-missing' | 'exists'>
  | (KeyOutcome<'created'> & { readonly metadataId: number })
type Updated =
  | KeyOutcome<Refused | 'value-missing' | 'not-found'>
  | (KeyOutcome<'updated'> & { readonly metadataId: number })
type Deleted = KeyOutcome<Refused | 'not-found' | 'deleted'>

const COMMON_CHECKS = [WHEN_UNKNOWN, WHEN_NOT_ASSIGNED, `when :key is null then 'key-missing'`]
const WHEN_VALUE_MISSING = `when :value is null then 'value-missing'`

/** An SQL expression: the id of the metadata with this name, for the current row of `license_keys`. */
const METADATA_ID = `(select license_key_metadata.id from license_key_metadata
  where license_key_metadata.license_key_id = license_keys.id and license_key_metadata.key = :key)`

/** An SQL expression: the id of the metadata with this name, for the requested license key. */
const REQUESTED_METADATA_ID = `(select ${METADATA_ID} from license_keys where ${IS_REQUESTED})`

const creation = defineOperation<Created>({
  authority: REQUESTED_KEY_AUTHORITY,
  name: 'create-license-key-meta',
  decision: checkKey(
    [...COMMON_CHECKS, WHEN_VALUE_MISSING, `when ${METADATA_ID} is not null then 'exists'`],
    'created',
  ),
  changes: ['created'],
  writes: ({ decided, addToOutcome }) => [
    `insert into license_key_metadata (license_key_id, key, value)
     select license_keys.id, :key, :value from license_keys where ${IS_REQUESTED} and ${decided('created')}`,
    addToOutcome(`'$.metadataId', ${REQUESTED_METADATA_ID}`, 'created'),
  ],
  audit: () => licenseAudit(IS_REQUESTED),
})

const update = defineOperation<Updated>({
  authority: REQUESTED_KEY_AUTHORITY,
  name: 'update-license-key-meta',
  decision: checkKey(
    [...COMMON_CHECKS, WHEN_VALUE_MISSING, `when ${METADATA_ID} is null then 'not-found'`],
    'updated',
    [`'metadataId', ${METADATA_ID}`],
  ),
  changes: ['updated'],
  writes: ({ decided }) => [
    `update license_key_metadata set value = :value where id = ${REQUESTED_METADATA_ID} and ${decided('updated')}`,
  ],
  audit: () => licenseAudit(IS_REQUESTED),
})

const deletion = defineOperation<Deleted>({
  authority: REQUESTED_KEY_AUTHORITY,
  name: 'delete-license-key-meta',
  decision: checkKey([...COMMON_CHECKS, `when ${METADATA_ID} is null then 'not-found'`], 'deleted'),
  changes: ['deleted'],
  writes: ({ decided }) => [
    `delete from license_key_metadata where id = ${REQUESTED_METADATA_ID} and ${decided('deleted')}`,
  ],
  audit: () => licenseAudit(IS_REQUESTED),
})

const REFUSED_CODES = {
  'license-key-unknown': KEY_PROBLEM_CODES['license-key-unknown'],
  'not-assigned': KEY_PROBLEM_CODES['not-assigned'],
}

export const createLicenseKeyMeta = endpoint({
  path: '/api/v1/create-license-key-meta',
  summary: 'Add metadata to a license key',
  caller: apiKey('stock'),
  parameters: () => z.object(FIELDS),
  bodyBytesMax: LONG_TEXT_BODY_BYTES_MAX,
  deviceIdentifier,
  unknownLicenseKey: 'license-key-unknown',
  outcomes: {
    created: CODES.metadataCreated,
    ...REFUSED_CODES,
    'key-missing': CODES.createMetadataKeyRequired,
    'value-missing': CODES.createMetadataValueRequired,
    exists: CODES.metadataExists,
  },
  handle: (call) => perform(call, creation, valuesOf(call.parameters)),
  answer: (outcome) => ({
    signedBy: outcome.productId,
    ...(outcome.kind === 'created' && { fields: { meta_id: outcome.metadataId } }),
  }),
})

export const updateLicenseKeyMeta = endpoint({
  path: '/api/v1/update-license-key-meta',
  summary: 'Update metadata of a license key',
  caller: apiKey('stock'),
  parameters: () => z.object(FIELDS),
  bodyBytesMax: LONG_TEXT_BODY_BYTES_MAX,
  deviceIdentifier,
  unknownLicenseKey: 'license-key-unknown',
  outcomes: {
    updated: CODES.metadataUpdated,
    ...REFUSED_CODES,
    'key-missing': CODES.updateMetadataKeyRequired,
    'value-missing': CODES.updateMetadataValueRequired,
    'not-found': CODES.updateMetadataNotFound,
  },
  handle: (call) => perform(call, update, valuesOf(call.parameters)),
  answer: (outcome) => ({
    signedBy: outcome.productId,
    ...(outcome.kind === 'updated' && { fields: { meta_id: outcome.metadataId } }),
  }),
})

export const deleteLicenseKeyMeta = endpoint({
  path: '/api/v1/delete-license-key-meta',
  summary: 'Delete metadata of a license key',
  caller: apiKey('stock'),
  parameters: () => z.object(NAME_FIELDS),
  deviceIdentifier,
  unknownLicenseKey: 'license-key-unknown',
  outcomes: {
    deleted: CODES.metadataDeleted,
    ...REFUSED_CODES,
    'key-missing': CODES.deleteMetadataKeyRequired,
    'not-found': CODES.deleteMetadataNotFound,
  },
  handle: (call) => perform(call, deletion, valuesOf(call.parameters)),
})

interface MetadataParameters {
  readonly license_key?: string | undefined
  readonly key?: string | undefined
  readonly value?: string | undefined
}

function valuesOf({ license_key, key, value }: MetadataParameters): Record<string, string | null> {
  return { licenseKey: license_key ?? null, key: key ?? null, value: value ?? null }
}
