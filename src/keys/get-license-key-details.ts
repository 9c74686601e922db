/** `POST /api/v1/get-license-key-details`: returns a license key and its product, if `verify` succeeds. */
import * as z from 'zod/mini'
import { apiKey } from '../callers/api-keys.ts'
import { defineQuery, type ListSql, runQuery } from '../callers/query.ts'
import { endpoint } from '../http/endpoint.ts'
import { EXPIRES_AT, VALIDITY_DAYS } from '../issuing/expiry.ts'
import { CODES } from '../protocol/codes.ts'
import { dateAndTime } from '../protocol/dates.ts'
import {
  ACTIVATED_KEY_CHECKS,
  checkTypedKey,
  databaseFor,
  deviceIdentifier,
  IS_TYPED,
  KEY_PROBLEM_CODES,
  KEY_USE_FIELDS,
  type KeyOutcome,
  type KeyProblem,
  keyUseValues,
  TYPED_KEY_AUTHORITY,
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
}

interface ProductDetails {
  readonly id: number
  readonly externalReference: string
  readonly source: 'internal' | 'envato'
  readonly name: string
  readonly description: string
}

interface ActiveKey extends KeyOutcome<'active'> {
  readonly licenseKey: LicenseKeyDetails
  readonly product: ProductDetails
  readonly licenseKeyMetadata: Metadata
  readonly productMetadata: Metadata
}

type Details = KeyOutcome<KeyProblem | 'activation-not-found'> | ActiveKey

/** SQL: the metadata of the requested key or its product. */
function metadataOf(table: string, isOfKey: string): ListSql {
  return (allowed) => `
    select ${table}.id as place, json_object('key', ${table}.key, 'value', ${table}.value) as item
    from ${allowed} cross join license_keys on ${IS_TYPED} cross join ${table} on ${isOfKey}`
}

const LICENSE_KEY = `json_object('id', license_keys.id, 'licenseKey', license_keys.license_key,
  'ownerName', license_keys.owner_name, 'ownerEmail', license_keys.owner_email,
  'activationLimit', license_keys.activation_limit, 'validityDays', ${VALIDITY_DAYS},
  'assignedAt', license_keys.assigned_at, 'expiresAt', ${EXPIRES_AT})`

const PRODUCT = `json_object('id', products.id, 'externalReference', products.external_reference,
  'source', products.source, 'name', products.name, 'description', products.description)`

const details = defineQuery<Details>(
  TYPED_KEY_AUTHORITY,
  checkTypedKey(ACTIVATED_KEY_CHECKS, 'active', [`'licenseKey', ${LICENSE_KEY}`, `'product', ${PRODUCT}`]),
  {
    licenseKeyMetadata: metadataOf(
      'license_key_metadata',
      'license_key_metadata.license_key_id = license_keys.id',
    ),
    productMetadata: metadataOf('product_metadata', 'product_metadata.product_id = license_keys.product_id'),
  },
)

export const getLicenseKeyDetails = endpoint({
  path: '/api/v1/get-license-key-details',
  summary: 'Get license key details',
  isReadOnly: true,
  caller: apiKey('use'),
  cors: true,
  parameters: () => z.object(KEY_USE_FIELDS),
  deviceIdentifier,
  unknownLicenseKey: 'license-key-unknown',
  outcomes: {
    active: CODES.activeLicenseKeyFound,
    ...KEY_PROBLEM_CODES,
    'activation-not-found': CODES.activationNotFound,
  },
  handle: (call) =>
    runQuery({ ...call, db: databaseFor(call.db, call.parameters) }, details, keyUseValues(call.parameters)),
  answer: (outcome) => ({
    signedBy: outcome.productId,
    ...(outcome.kind === 'active' && {
      fields: { licenseKey: licenseKeyObject(outcome), product: productObject(outcome) },
    }),
  }),
})

function licenseKeyObject({ licenseKey, licenseKeyMetadata }: ActiveKey) {
  const { assignedAt, expiresAt } = licenseKey
  return {
    id: licenseKey.id,
    license_key: licenseKey.licenseKey,
    owner_name: licenseKey.ownerName,
    owner_email: licenseKey.ownerEmail,
    activation_limit: licenseKey.activationLimit,
    validity: licenseKey.validityDays,
    assigned_at: dateAndTime(assignedAt),
    meta_data: licenseKeyMetadata,
    // false: it never expires.
    expires_at: expiresAt === null ? false : dateAndTime(expiresAt),
  }
}

function productObject({ product, productMetadata }: ActiveKey) {
  return {
    id: product.id,
    external_reference: product.externalReference,
    source: product.source,
    name: product.name,
    // The protocol's field for the URL of a product. Products have none here.
    post_url: '',
    description: product.description,
    meta_data: productMetadata,
  }
}
