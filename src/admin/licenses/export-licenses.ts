/**
 * `GET /admin/v1/exports/licenses`: all licenses with all that an import takes, by ascending id.
 *
 * A page looks at 3,000 keys at most, and ends early if its licenses have many activations or much metadata, so that it
 * fits into the memory of the Worker.
 */
import { operatorAuthority } from '../../callers/operators.ts'
import { defineQuery, type ListSql, runQuery } from '../../callers/query.ts'
import { EXPIRES_AT, VALIDITY_DAYS } from '../../issuing/expiry.ts'
import { ORDER_ISSUANCE } from '../../issuing/order-of-key.ts'
import { optional } from '../../protocol/fields.ts'
import { encodeCursor, limitOf, page } from '../cursor.ts'
import { adminEndpoint } from '../endpoint.ts'
import { isoInstant, productId } from '../fields.ts'

const RIGHTS = { role: 'owner' } as const

const LIMIT_MAX = 1_000
const CANDIDATES_MAX = 3_000

/** The most bytes of activations and metadata of a page, unless its first license has more. */
const DETAIL_BYTES_MAX = 2_000_000
const ACTIVATION_BYTES = 100

/** Times are in milliseconds UTC. */
interface Exported {
  readonly id: number
  /** 0: it only tells where the next page begins. */
  readonly isMatch: 0 | 1
  readonly productId: number
  readonly licenseKey: string
  readonly status: string
  readonly ownerName: string | null
  readonly ownerEmail: string | null
  readonly activationLimit: number
  readonly validityDays: number
  readonly expiresAt: number | null
  readonly assignedAt: number | null
  readonly createdAt: number
  readonly features: readonly string[] | null
  readonly reference: string | null
}

interface Page {
  readonly kind: 'exported'
  readonly licenses: readonly Exported[]
  /** Of all licenses, each with the id of its license. */
  readonly metadata: readonly (readonly [id: number, name: string, value: string])[]
  readonly activations: readonly (readonly [id: number, identifier: string, createdAt: number])[]
  readonly maxId: number | null
}

/** The narrowest list of a license that its order brought. An import does not bring the offer. */
const FEATURES = `coalesce(license_keys.features, (select offers.features from order_lines
  cross join offers on offers.id = coalesce(order_lines.current_offer_id, order_lines.offer_id)
  where order_lines.issuance_id = ${ORDER_ISSUANCE}))`

const REFERENCE = `coalesce(
  (select issuances.reference from issuances where issuances.id = license_keys.issuance_id),
  (select order_lines.order_id from order_lines where order_lines.issuance_id = ${ORDER_ISSUANCE}))`

const DETAIL_BYTES = `(${ACTIVATION_BYTES} * (select count(*) from activations where license_key_id = matches.id)
  + (select coalesce(sum(octet_length(value)), 0) from license_key_metadata where license_key_id = matches.id))`

/** SQL: the licenses of the page in `page`. */
function exportedPage(allowed: string): string {
  return `with looked as (
    select id, product_id, row_number() over () as n from (
      select id, product_id from license_keys where id > :after
      order by id limit iif(exists (select 1 from ${allowed}), ${CANDIDATES_MAX}, 0))),
  matches as materialized (
    select id, (:productId is null or product_id = :productId) as is_match from looked
    where :productId is null or product_id = :productId or n = ${CANDIDATES_MAX} limit :limit),
  page as materialized (
    select id, is_match from (select id, is_match,
      coalesce(sum(${DETAIL_BYTES}) over (order by id rows between unbounded preceding and 1 preceding), 0) as bytes
      from matches) where bytes < ${DETAIL_BYTES_MAX})`
}

/** SQL: rows of the licenses of the page. */
function ofPage(table: string, values: string): ListSql {
  return (allowed) => `${exportedPage(allowed)}
    select ${table}.id as place, json_array(page.id, ${values}) as item
    from page cross join ${table} on ${table}.license_key_id = page.id where page.is_match`
}

const select = defineQuery<Page>(
  operatorAuthority(RIGHTS),
  `json_object('kind', 'exported', 'maxId', (select max(license_keys.id) from license_keys))`,
  {
    licenses: (allowed) => `${exportedPage(allowed)}
    select license_keys.id as place, json_object('id', license_keys.id, 'isMatch', page.is_match,
      'productId', license_keys.product_id, 'licenseKey', license_keys.license_key, 'status', license_keys.status,
      'ownerName', license_keys.owner_name, 'ownerEmail', license_keys.owner_email,
      'activationLimit', license_keys.activation_limit, 'validityDays', ${VALIDITY_DAYS}, 'expiresAt', ${EXPIRES_AT},
      'assignedAt', license_keys.assigned_at, 'createdAt', license_keys.created_at, 'features', json(${FEATURES}),
      'reference', ${REFERENCE}) as item
    from page cross join license_keys on license_keys.id = page.id`,
    metadata: ofPage('license_key_metadata', 'license_key_metadata.key, license_key_metadata.value'),
    activations: ofPage('activations', 'activations.identifier, activations.created_at'),
  },
)

export const exportLicenses = adminEndpoint({
  method: 'GET',
  path: '/exports/licenses',
  summary: 'Export licenses',
  ...RIGHTS,
  query: () => ({ product_id: optional(productId), ...page(LIMIT_MAX) }),
  problems: {},
  handle: (call) =>
    runQuery(call, select, {
      after: call.query.cursor?.[0] ?? 0,
      productId: call.query.product_id ?? null,
      limit: limitOf(call.query),
    }),
  answer({ licenses, metadata, activations, maxId }) {
    const metadataById = Map.groupBy(metadata, ([id]) => id)
    const activationsById = Map.groupBy(activations, ([id]) => id)
    const items = licenses
      .filter(({ isMatch }) => isMatch === 1)
      .map((license) => ({
        ...exportedBody(license),
        metadata: Object.fromEntries(
          (metadataById.get(license.id) ?? []).map(([, name, value]) => [name, value]),
        ),
        activations: (activationsById.get(license.id) ?? []).map(([, identifier, createdAt]) => ({
          identifier,
          created_at: isoInstant(createdAt),
        })),
      }))
    const lastId = licenses.at(-1)?.id
    const isEnd = lastId === undefined || maxId === null || lastId >= maxId
    return { body: { items, next_cursor: isEnd ? null : encodeCursor([lastId]) } }
  },
})

function exportedBody(license: Exported) {
  return {
    id: license.id,
    product_id: license.productId,
    license_key: license.licenseKey,
    status: license.status,
    owner_name: license.ownerName,
    owner_email: license.ownerEmail,
    activation_limit: license.activationLimit,
    validity_days: license.validityDays,
    expires_at: isoInstant(license.expiresAt),
    assigned_at: isoInstant(license.assignedAt),
    created_at: isoInstant(license.createdAt),
    features: license.features,
    reference: license.reference,
  }
}
