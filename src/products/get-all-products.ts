/** `GET /api/v1/get-all-products`: all products by ascending id with their metadata, except deleted products. */
import * as z from 'zod/mini'
import { API_KEY_AUTHORITY, apiKey } from '../callers/api-keys.ts'
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
  /** In the order of creation. */
  readonly metadata: readonly (readonly [key: string, value: string])[]
}

interface Listed {
  readonly kind: 'listed'
  readonly products: readonly Product[]
}

const list = defineQuery<Listed>(
  API_KEY_AUTHORITY,
  `json_object('kind', 'listed', 'products', (
    select json_group_array(json_object('id', id, 'externalReference', external_reference, 'source', source,
      'name', name, 'description', description, 'status', status, 'requireNonExpired', require_non_expired,
      'createdAt', created_at, 'updatedAt', updated_at, 'metadata', (
        select json_group_array(json_array(product_metadata.key, product_metadata.value) order by product_metadata.id)
        from product_metadata where product_metadata.product_id = products.id)) order by id)
    from products where deleted_at is null))`,
)

export const getAllProducts = endpoint({
  method: 'GET',
  path: '/api/v1/get-all-products',
  summary: 'List products',
  caller: apiKey('products'),
  parameters: () => z.object({}),
  outcomes: { listed: CODES.allProducts },
  handle: (call) => runQuery(call, list),
  answer: ({ products }) => ({ fields: { products: products.map(productObject) } }),
})

/** The protocol's product object: these 11 fields in this order. */
function productObject(product: Product): object {
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
    meta_data: product.metadata.map(([key, value]) => ({ key, value })),
  }
}
