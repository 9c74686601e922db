/**
 * `GET /api/v1/get-license-keys` and `get-available-license-keys-count`. Only keys in stock have an index,
 * because an index on all keys would slow down every issuance. Keys of an owner are found by their issuances, and
 * by an index on those that have none or got another owner. Other lists scan the table by id.
 */
import * as z from 'zod/mini'
import { apiKey, PRODUCT_AUTHORITY } from '../callers/api-keys.ts'
import { defineQuery, runQuery } from '../callers/query.ts'
import { PRODUCT_EXISTS } from '../db/conditions.ts'
import type { LicenseKeyStatus } from '../db/schema/index.ts'
import { endpoint } from '../http/endpoint.ts'
import { VALIDITY_DAYS } from '../issuing/expiry.ts'
import { CODES } from '../protocol/codes.ts'
import { withMilliseconds, withoutMilliseconds } from '../protocol/dates.ts'
import { optional, ownerEmail, ownerName, productId, wholeNumber } from '../protocol/fields.ts'
import { licenseKeyStatus } from './stock-fields.ts'

const PAGE_MAX = 1_000_000
const ITEMS_PER_PAGE_MAX = 1_000
const ITEMS_PER_PAGE_DEFAULT = 100

/** Times are in milliseconds UTC. */
type ListedKey = readonly [
  id: number,
  productId: number,
  licenseKey: string,
  ownerName: string | null,
  ownerEmail: string | null,
  activationLimit: number,
  validityDays: number,
  assignedAt: number | null,
  status: LicenseKeyStatus,
  createdAt: number,
  updatedAt: number,
]

interface Listed {
  readonly kind: 'listed'
  /** By ascending id. */
  readonly keys: readonly ListedKey[]
}

const COLUMNS = `license_keys.id as id, product_id, license_key, owner_name, owner_email, activation_limit,
  ${VALIDITY_DAYS} as validity_days, assigned_at, status, created_at, updated_at`
const LISTED = `id, product_id, license_key, owner_name, owner_email, activation_limit, validity_days, assigned_at,
  status, created_at, updated_at`

/**
 * The keys of an owner, by an index. The indexes ignore case, and the list compares the owner exactly.
 *
 * @param owner the column of the owner, which has a parameter
 */
function ownedBy(owner: 'owner_email' | 'owner_name', parameter: ':ownerEmail' | ':ownerName'): string {
  return `select license_keys.id from issuances
      cross join license_keys on license_keys.issuance_id = issuances.id and license_keys.has_new_owner is null
      where issuances.${owner} collate nocase = ${parameter}
    union all
    select id from license_keys where (issuance_id is null or has_new_owner = 1) and ${owner} collate nocase = ${parameter}`
}

/** @param owned SQL: the ids of the keys to look at. Default: all keys */
function list(hasStatus: string, owned?: string) {
  const source = owned === undefined ? '' : `cross join (${owned}) as owned`
  const isOwned = owned === undefined ? '' : 'on license_keys.id = owned.id'
  return defineQuery<Listed>(PRODUCT_AUTHORITY, `json_object('kind', 'listed')`, {
    keys: (allowed) => `
      select id as place, json_array(${LISTED}) as item from (
        select ${COLUMNS} from ${allowed} ${source} cross join license_keys ${isOwned}
        where product_id = :productId and ${hasStatus}
          and (:ownerName is null or owner_name = :ownerName)
          and (:ownerEmail is null or owner_email = :ownerEmail)
        order by license_keys.id limit :itemsPerPage offset (:page - 1) * :itemsPerPage)`,
  })
}

const HAS_STATUS = '(:status is null or status = :status)'
/** A literal status, because SQLite uses a partial index only if the query repeats its condition. */
const listStock = list(`status = 'available'`)
const listAny = list(HAS_STATUS)
const listOfEmail = list(HAS_STATUS, ownedBy('owner_email', ':ownerEmail'))
const listOfName = list(HAS_STATUS, ownedBy('owner_name', ':ownerName'))

type Counted = { readonly kind: 'counted'; readonly count: number } | { readonly kind: 'product-not-found' }

const count = defineQuery<Counted>(
  PRODUCT_AUTHORITY,
  `json_object(
    'kind', iif(${PRODUCT_EXISTS}, 'counted', 'product-not-found'),
    'count', (select count(*) from license_keys where product_id = :productId and status = 'available'))`,
)

export const getLicenseKeys = endpoint({
  method: 'GET',
  path: '/api/v1/get-license-keys',
  summary: 'List license keys',
  caller: apiKey('stock'),
  parameters: () =>
    z.object({
      product_id: productId,
      status: optional(licenseKeyStatus),
      owner_name: optional(ownerName),
      owner_email: optional(ownerEmail),
      page: optional(wholeNumber('page', 0, PAGE_MAX)),
      items_per_page: optional(wholeNumber('items_per_page', 1, ITEMS_PER_PAGE_MAX)),
    }),
  outcomes: { listed: CODES.licenseKeys },

  handle(call) {
    const { parameters } = call
    const { status } = parameters
    return runQuery(call, listFor(parameters), {
      productId: parameters.product_id,
      status: status ?? null,
      ownerName: parameters.owner_name ?? null,
      ownerEmail: parameters.owner_email ?? null,
      // Some clients count from 0.
      page: Math.max(1, parameters.page ?? 1),
      itemsPerPage: parameters.items_per_page ?? ITEMS_PER_PAGE_DEFAULT,
    })
  },

  answer: ({ keys }) => ({
    fields: { license_keys: keys.map(licenseKeyObject) },
  }),
})

interface Filters {
  readonly status?: LicenseKeyStatus | undefined
  readonly owner_name?: string | undefined
  readonly owner_email?: string | undefined
}

function listFor({ status, owner_name, owner_email }: Filters) {
  if (owner_email !== undefined) return listOfEmail
  if (owner_name !== undefined) return listOfName
  return status === 'available' ? listStock : listAny
}

export const getAvailableLicenseKeysCount = endpoint({
  method: 'GET',
  path: '/api/v1/get-available-license-keys-count',
  summary: 'Count license keys in stock',
  caller: apiKey('stock'),
  parameters: () => z.object({ product_id: productId }),
  outcomes: { counted: CODES.availableCount, 'product-not-found': CODES.countProductNotFound },
  handle: (call) => runQuery(call, count, { productId: call.parameters.product_id }),
  answer: (outcome) => (outcome.kind === 'counted' ? { fields: { count: outcome.count } } : {}),
})

/** The protocol requires these 11 fields in this order. */
function licenseKeyObject(key: ListedKey): object {
  const [id, product_id, license_key, owner_name, owner_email, activation_limit, validity, ...dates] = key
  const [assignedAt, status, createdAt, updatedAt] = dates
  return {
    id,
    product_id,
    license_key,
    owner_name,
    owner_email,
    activation_limit,
    validity,
    assigned_at: assignedAt === null ? null : withMilliseconds(assignedAt),
    status,
    created_at: withoutMilliseconds(createdAt),
    updated_at: withoutMilliseconds(updatedAt),
  }
}
