/** `GET /api/v1/get-all-products`: all products by ascending id with their metadata, except deleted products. */
import * as z from 'zod/mini'
import { apiKey, isListed, LIST_AUTHORITY } from '../callers/api-keys.ts'
import { defineQuery, runQuery } from '../callers/query.ts'
import { endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import { withoutMilliseconds } from '../protocol/dates.ts'
import type { PRODUCT_SOURCES, PRODUCT_STATUSES } from './product-fields.ts'

interface Product {
  readonly id: number
  readonly externalReference: string
  readonly source: (typeof PRODUCT_SOURCES)[number]
  readonly name: string
  readonly description: string
  readonly status: (typeof PRODUCT_STATUSES)[number]
  readonly requireNonExpired: 0 | 1
  /** Milliseconds UTC, like `updatedAt`. */
  readonly createdAt: number
  readonly updatedAt: number
}

type Metadata = readonly [productId: number, key: string, value: string]

interface Listed {
  readonly kind: 'listed'
  readonly products: readonly Product[]
  /** Of all products, in the order of creation. */
  readonly metadata: readonly Metadata[]
}

const list = defineQuery<Listed>(LIST_AUTHORITY, `json_object('kind', 'listed')`, {
  products: (allowed) => `
    select id as place, json_object('id', id, 'externalReference', external_reference, 'source', source,
      'name', name, 'description', description, 'status', status, 'requireNonExpired', require_non_expired,
      'createdAt', created_at, 'updatedAt', updated_at) as item
    from ${allowed} cross join products where deleted_at is null and ${isListed('products.id')}`,
  metadata: (allowed) => `
    select product_metadata.id as place,
      json_array(product_metadata.product_id, product_metadata.key, product_metadata.value) as item
    from ${allowed} cross join products cross join product_metadata on product_metadata.product_id = products.id
    where deleted_at is null and ${isListed('products.id')}`,
})

export const getAllProducts = endpoint({
  method: 'GET',
  path: '/api/v1/get-all-products',
  summary: 'List products',
  caller: apiKey('products'),
  parameters: () => z.object({}),
  outcomes: { listed: CODES.allProducts },
  handle: (call) => runQuery(call, list),
  answer({ products, metadata }) {
    const metadataOf = Map.groupBy(metadata, ([productId]) => productId)
    return {
      fields: { products: products.map((product) => productObject(product, metadataOf.get(product.id))) },
    }
  },
})

/** The protocol's product object: these 11 fields in this order. */
function productObject(product: Product, metadata: readonly Metadata[] = []): object {
  return {
    id: product.id,
    external_reference: product.externalReference,
    source: product.source,
    name: product.name,
    post_url: '',
    description: product.description,
    status: product.status,
    require_non_expired: product.requireNonExpired,
    created_at: withoutMilliseconds(product.createdAt),
    updated_at: withoutMilliseconds(product.updatedAt),
    meta_data: metadata.map(([, key, value]) => ({ key, value })),
  }
}
