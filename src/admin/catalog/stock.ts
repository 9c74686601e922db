/** `/admin/v1/stock`: license keys that were made elsewhere or generated in advance, and are not sold yet. */
import * as z from 'zod/mini'
import { defineOperation, perform } from '../../callers/operation.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import { keyCreation } from '../../keys/create-license-keys.ts'
import { weakKeysWarning } from '../../keys/key-strength.ts'
import { licenseKeyList } from '../../keys/stock-fields.ts'
import { activationLimit, features, optional } from '../../protocol/fields.ts'
import { page } from '../cursor.ts'
import { adminEndpoint } from '../endpoint.ts'
import { orNull, PRODUCT_UNKNOWN, productId } from '../fields.ts'
import { validityDays } from '../licenses/update-license.ts'
import { listById, pageById } from '../list-by-id.ts'

const READ = { role: 'viewer' } as const
const WRITE = { role: 'owner' } as const

interface Stock {
  readonly id: number
  readonly name: string
  readonly available: number
}

/** Only the keys in stock have an index that counts them. */
const selectStock = listById<Stock>(READ, {
  table: 'products',
  item: `json_object('id', products.id, 'name', products.name, 'available',
    (select count(*) from license_keys
      where license_keys.product_id = products.id and license_keys.status = 'available'))`,
  where: 'products.deleted_at is null and (:productId is null or products.id = :productId)',
})

export const listStock = adminEndpoint({
  method: 'GET',
  path: '/stock',
  summary: 'Count the license keys in stock',
  ...READ,
  query: () => ({ product_id: optional(productId), ...page() }),
  problems: {},
  handle: (call) => selectStock(call, { productId: call.query.product_id ?? null }),
  answer: ({ items }, { call }) => ({
    body: pageById(items, call.query, ({ id, name, available }) => ({ product: { id, name }, available })),
  }),
})

const KEYS_MAX = 1_000
/** Fits the longest keys. */
const BODY_BYTES_MAX = 1_600_000

const newKeys = licenseKeyList.check(
  z.refine((keys) => keys.length >= 1 && keys.length <= KEYS_MAX, {
    error: `The license_keys field must contain 1 to ${KEYS_MAX} license keys.`,
  }),
  z.refine((keys) => new Set(keys).size === keys.length, {
    error: 'The license_keys field must contain each license key only once.',
  }),
  z.meta({
    description: `1 to ${KEYS_MAX} license keys of 1 to 255 characters`,
    anyOf: [{ type: 'array', minItems: 1, maxItems: KEYS_MAX, uniqueItems: true, items: { type: 'string' } }],
  }),
)

type Added =
  | {
      readonly kind: 'created'
      readonly created: number
      /** The keys that existed, by their place in the list. */
      readonly existing: readonly (readonly [place: number, productId: number])[]
    }
  | { readonly kind: 'product-invalid' }

const add = defineOperation<Added>({
  authority: operatorAuthority(WRITE),
  name: 'stock.add',
  ...keyCreation,
  changes: ['created'],
  decision: `json_set(${keyCreation.decision}, '$.existing', json((
    select json_group_array(json_array(keys.key, license_keys.product_id)) from json_each(:licenseKeys) as keys
    cross join license_keys on license_keys.license_key = keys.value)))`,
})

export const addStock = adminEndpoint({
  method: 'POST',
  path: '/stock',
  summary: 'Add license keys to the stock',
  ...WRITE,
  bodyBytesMax: BODY_BYTES_MAX,
  body: () => ({
    product_id: productId,
    license_keys: newKeys,
    activation_limit: activationLimit,
    validity_days: validityDays,
    features: orNull(features),
  }),
  problems: { 'product-invalid': PRODUCT_UNKNOWN },
  handle: ({ body, ...call }) =>
    perform(call, add, {
      productId: body.product_id,
      licenseKeys: JSON.stringify(body.license_keys),
      quantity: body.license_keys.length,
      status: 'available',
      activationLimit: body.activation_limit,
      validityDays: body.validity_days,
      ...{ ownerName: null, ownerEmail: null, assignedAt: null },
      features: body.features ?? null,
    }),
  answer({ created, existing }, { call: { body } }) {
    const warning = weakKeysWarning(body.license_keys)
    return {
      status: 201,
      body: {
        added: created,
        existing: existing.map(([place, product]) => ({
          license_key: body.license_keys[place],
          product_id: product,
        })),
        warnings: warning === undefined ? [] : [`${warning}.`],
      },
    }
  },
})

export const STOCK_ENDPOINTS = [listStock, addStock]
