/** `POST /api/v1/get-license-key-details`: returns a license key and its product, if `verify` succeeds. */
import * as z from 'zod/mini'
import { API_KEY_AUTHORITY, apiKey } from '../callers/api-keys.ts'
import { defineQuery, nearestDatabase, runQuery } from '../callers/query.ts'
import { endpoint } from '../http/endpoint.ts'
import { EXPIRES_AT, VALIDITY_DAYS } from '../issuing/expiry.ts'
import { CODES } from '../protocol/codes.ts'
import { dateAndTime } from '../protocol/dates.ts'
import {
  ACTIVATED_KEY_CHECKS,
  checkTypedKey,
  deviceIdentifier,
  KEY_PROBLEM_CODES,
  KEY_USE_FIELDS,
  type KeyOutcome,
  type KeyProblem,
  keyUseValues,
} from './key-checks.ts'

/** By ascending id. */
type Metadata = readonly { readonly key: string; readonly value: string }[]

interface LicenseKeyDetails {
  readonly id: number
  readonly licenseKey: string
  readonly ownerName: string | null
  readonly ownerEmail: string | null
  readonly activationLimit: number
  readonly validityDays: number
  /** Milliseconds UTC. */
  readonly assignedAt: number
  /** Milliseconds UTC. null: it never expires. */
  readonly expiresAt: number | null
  readonly metadata: Metadata
}

interface ProductDetails {
  readonly id: number
  readonly externalReference: string
  readonly source: 'internal' | 'envato'
  readonly name: string
  readonly description: string
  readonly metadata: Metadata
}

type Details =
  | KeyOutcome<KeyProblem | 'activation-not-found'>
  | (KeyOutcome<'active'> & { readonly licenseKey: LicenseKeyDetails; readonly product: ProductDetails })

/** SQL: the metadata as JSON. */
function metadataOf(table: string, isOfRow: string): string {
  return `json((select json_group_array(json_object('key', key, 'value', value) order by id)
    from ${table} where ${isOfRow}))`
}

const LICENSE_KEY = `json_object('id', license_keys.id, 'licenseKey', license_keys.license_key,
  'ownerName', license_keys.owner_name, 'ownerEmail', license_keys.owner_email,
  'activationLimit', license_keys.activation_limit, 'validityDays', ${VALIDITY_DAYS},
  'assignedAt', license_keys.assigned_at, 'expiresAt', ${EXPIRES_AT},
  'metadata', ${metadataOf('license_key_metadata', 'license_key_id = license_keys.id')})`

const PRODUCT = `json_object('id', products.id, 'externalReference', products.external_reference,
  'source', products.source, 'name', products.name, 'description', products.description,
  'metadata', ${metadataOf('product_metadata', 'product_id = products.id')})`

const details = defineQuery<Details>(
  API_KEY_AUTHORITY,
  checkTypedKey(ACTIVATED_KEY_CHECKS, 'active', [`'licenseKey', ${LICENSE_KEY}`, `'product', ${PRODUCT}`]),
)

export const getLicenseKeyDetails = endpoint({
  path: '/api/v1/get-license-key-details',
  summary: 'Get license key details',
  isReadOnly: true,
  caller: apiKey('use'),
  cors: true,
  parameters: () => z.object(KEY_USE_FIELDS),
  deviceIdentifier,
  outcomes: {
    active: CODES.activeLicenseKeyFound,
    ...KEY_PROBLEM_CODES,
    'activation-not-found': CODES.activationNotFound,
  },
  // The nearest replica may lack an activation that was made a moment ago.
  handle: (call) =>
    runQuery({ ...call, db: nearestDatabase(call.db) }, details, keyUseValues(call.parameters)),
  answer: (outcome) => ({
    signedBy: outcome.productId,
    ...(outcome.kind === 'active' && {
      fields: { licenseKey: licenseKeyObject(outcome.licenseKey), product: productObject(outcome.product) },
    }),
  }),
})

function licenseKeyObject(licenseKey: LicenseKeyDetails) {
  const { assignedAt, expiresAt } = licenseKey
  return {
    id: licenseKey.id,
    license_key: licenseKey.licenseKey,
    owner_name: licenseKey.ownerName,
    owner_email: licenseKey.ownerEmail,
    activation_limit: licenseKey.activationLimit,
    validity: licenseKey.validityDays,
    assigned_at: dateAndTime(assignedAt),
    meta_data: licenseKey.metadata,
    // false: it never expires.
    expires_at: expiresAt === null ? false : dateAndTime(expiresAt),
  }
}

function productObject(product: ProductDetails) {
  return {
    id: product.id,
    external_reference: product.externalReference,
    source: product.source,
    name: product.name,
    // The protocol's field for the URL of a product. Products have none here.
    post_url: '',
    description: product.description,
    meta_data: product.metadata,
  }
}
