/**
 * `POST /api/v1/create-product-meta`, `update-product-meta` and `delete-product-meta`: key-value pairs that the seller
 * stores with a product.
 *
 * Guarantees: a product has each key at most once, even when requests race. The product is checked first, then the
 * key, then the value.
 */
import * as z from 'zod/mini'
import { apiKey, PRODUCT_AUTHORITY } from '../callers/api-keys.ts'
import { defineOperation, perform } from '../callers/operation.ts'
import { LONG_TEXT_BODY_BYTES_MAX } from '../http/body.ts'
import { endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import { optional, plainText, productId } from '../protocol/fields.ts'
import { productAudit } from './product-audit.ts'

/** Optional here, because the protocol has a separate code for a missing key and for a missing value. */
const KEY_FIELDS = { product_id: productId, key: optional(plainText('key', 255)) }
const FIELDS = { ...KEY_FIELDS, value: optional(plainText('value', 10_000)) }

interface Parameters {
  readonly product_id: number
  readonly key?: string | undefined
  readonly value?: string | undefined
}

function metadataValues({ product_id, key, value }: Parameters): Record<string, string | number | null> {
  return { productId: product_id, key: key ?? null, value: value ?? null }
}

interface MetadataOutcome<Kind extends string> {
  readonly kind: Kind | 'product-not-found' | 'key-missing'
  /** The product whose key signs the response; null if it does not exist. */
  readonly productId: number | null
}

/** @param cases SQL `when ... then ...` for an existing product; `product_metadata.id` is null if it lacks the key */
function decide(cases: string): string {
  return `(select json_object('productId', products.id, 'kind', case
      when products.id is null then 'product-not-found' when :key is null then 'key-missing' ${cases} end)
    from (select 1) left join products on products.id = :productId and products.deleted_at is null
    left join product_metadata on product_metadata.product_id = products.id and product_metadata.key = :key)`
}

const IS_REQUESTED = 'product_id = :productId and key = :key'

const creation = defineOperation<MetadataOutcome<'created' | 'value-missing' | 'exists'>>({
  authority: PRODUCT_AUTHORITY,
  name: 'create-product-meta',
  decision: decide(
    `when :value is null then 'value-missing' when product_metadata.id is null then 'created' else 'exists'`,
  ),
  changes: ['created'],
  writes: ({ decided }) => [
    `insert into product_metadata (product_id, key, value) select :productId, :key, :value
     where ${decided('created')}`,
  ],
  audit: () => productAudit(':productId'),
})

export const createProductMeta = endpoint({
  path: '/api/v1/create-product-meta',
  summary: 'Add metadata to a product',
  caller: apiKey('products'),
  bodyBytesMax: LONG_TEXT_BODY_BYTES_MAX,
  parameters: () => z.object(FIELDS),
  outcomes: {
    created: CODES.productMetadataCreated,
    'product-not-found': CODES.createProductMetadataProductNotFound,
    'key-missing': CODES.createProductMetadataKeyRequired,
    'value-missing': CODES.createProductMetadataValueRequired,
    exists: CODES.productMetadataExists,
  },
  handle: (call) => perform(call, creation, metadataValues(call.parameters)),
})

const update = defineOperation<MetadataOutcome<'updated' | 'value-missing' | 'not-found'>>({
  authority: PRODUCT_AUTHORITY,
  name: 'update-product-meta',
  decision: decide(
    `when :value is null then 'value-missing' when product_metadata.id is null then 'not-found' else 'updated'`,
  ),
  changes: ['updated'],
  writes: ({ decided }) => [
    `update product_metadata set value = :value where ${IS_REQUESTED} and ${decided('updated')}`,
  ],
  audit: () => productAudit(':productId'),
})

export const updateProductMeta = endpoint({
  path: '/api/v1/update-product-meta',
  summary: 'Update metadata of a product',
  caller: apiKey('products'),
  bodyBytesMax: LONG_TEXT_BODY_BYTES_MAX,
  parameters: () => z.object(FIELDS),
  outcomes: {
    updated: CODES.productMetadataUpdated,
    'product-not-found': CODES.updateProductMetadataProductNotFound,
    'key-missing': CODES.updateProductMetadataKeyRequired,
    'value-missing': CODES.updateProductMetadataValueRequired,
    'not-found': CODES.updateProductMetadataNotFound,
  },
  handle: (call) => perform(call, update, metadataValues(call.parameters)),
})

const deletion = defineOperation<MetadataOutcome<'deleted' | 'not-found'>>({
  authority: PRODUCT_AUTHORITY,
  name: 'delete-product-meta',
  decision: decide(`when product_metadata.id is null then 'not-found' else 'deleted'`),
  changes: ['deleted'],
  writes: ({ decided }) => [`delete from product_metadata where ${IS_REQUESTED} and ${decided('deleted')}`],
  audit: () => productAudit(':productId'),
})

export const deleteProductMeta = endpoint({
  path: '/api/v1/delete-product-meta',
  summary: 'Delete metadata of a product',
  caller: apiKey('products'),
  parameters: () => z.object(KEY_FIELDS),
  outcomes: {
    deleted: CODES.productMetadataDeleted,
    'product-not-found': CODES.deleteProductMetadataProductNotFound,
    'key-missing': CODES.deleteProductMetadataKeyRequired,
    'not-found': CODES.deleteProductMetadataNotFound,
  },
  handle: (call) => perform(call, deletion, metadataValues(call.parameters)),
})
