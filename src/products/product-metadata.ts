/**
 * A product's metadata: values under keys of the seller's own.
 *
 * Guarantees: a product has a key once, however often it is created at the same time. Whether the product, the key
 * and the value are right is decided in this order, by the database.
 */
import { API_CALLER, type CallerRefusal } from '../callers/api-keys.ts'
import {
  defineOperation,
  type Operation,
  type OperationRequest,
  type Performed,
  perform,
} from '../callers/operation.ts'

export const METADATA_KEY_CHARACTERS_MAX = 255
export const METADATA_VALUE_CHARACTERS_MAX = 10_000

/** What is asked for; what is undefined is missing, and answered as such. */
export interface ProductMetadata {
  readonly productId: number
  /** 1 to 255 characters. */
  readonly key: string | undefined
  /** 1 to 10000 characters; none to delete one. */
  readonly value?: string | undefined
}

/** What may come of it; `Kind` is what is particular to the operation. */
export type MetadataOutcome<Kind extends string> =
  | { readonly kind: 'product-not-found' }
  | { readonly kind: Kind | 'key-missing'; readonly productId: number }

type Creation = MetadataOutcome<'created' | 'value-missing' | 'exists'>
type Update = MetadataOutcome<'updated' | 'value-missing' | 'not-found'>
type Deletion = MetadataOutcome<'deleted' | 'not-found'>

/** @param otherwise SQL, the last cases: what becomes of a key that is there, or not, of a product that is there */
function decide(otherwise: string): string {
  return `(select json_object('productId', products.id, 'kind', case
      when products.id is null then 'product-not-found' when :key is null then 'key-missing' ${otherwise} end)
    from (select 1) left join products on products.id = :productId and products.deleted_at is null
    left join product_metadata on product_metadata.product_id = products.id and product_metadata.key = :key)`
}

const IS_ITS_KEY = 'product_id = :productId and key = :key'

const create = defineOperation<Creation>(
  API_CALLER,
  'create-product-meta',
  decide(
    `when :value is null then 'value-missing' when product_metadata.id is null then 'created' else 'exists'`,
  ),
  [
    `insert into product_metadata (product_id, key, value) select :productId, :key, :value where {decided:created}`,
  ],
)

const update = defineOperation<Update>(
  API_CALLER,
  'update-product-meta',
  decide(
    `when :value is null then 'value-missing' when product_metadata.id is null then 'not-found' else 'updated'`,
  ),
  [`update product_metadata set value = :value where ${IS_ITS_KEY} and {decided:updated}`],
)

const deletion = defineOperation<Deletion>(
  API_CALLER,
  'delete-product-meta',
  decide(`when product_metadata.id is null then 'not-found' else 'deleted'`),
  [`delete from product_metadata where ${IS_ITS_KEY} and {decided:deleted}`],
)

function performOn<Outcome extends MetadataOutcome<string>>(operation: Operation<Outcome>) {
  return (
    db: D1Database,
    request: OperationRequest,
    { productId, key, value }: ProductMetadata,
  ): Promise<Performed<Outcome, CallerRefusal>> =>
    perform(db, operation, request, { productId, key: key ?? null, value: value ?? null })
}

/**
 * Adds a value under a new key.
 *
 * @param db the primary
 * @param request who asks, and under which idempotency key
 * @throws DatabaseUnavailableError: repeating the call with the same idempotency key is safe
 */
export const createProductMetadata = performOn(create)

/** Changes the value under a key that is there; parameters and errors as of `createProductMetadata`. */
export const updateProductMetadata = performOn(update)

/** Removes a key and its value; parameters and errors as of `createProductMetadata`. */
export const deleteProductMetadata = performOn(deletion)
