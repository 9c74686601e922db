/**
 * Products: what license keys are issued for.
 *
 * Guarantees: a product that was deleted is found nowhere and issues no more, though its row stays, since license
 * keys and issuances refer to it.
 */
import { API_CALLER, type ApiCaller, type CallerRefusal, callerValues } from '../callers/api-keys.ts'
import { defineOperation, type OperationRequest, type Performed, perform } from '../callers/operation.ts'
import { defineReading, type Read, read } from '../callers/reading.ts'
import { withoutMilliseconds } from '../protocol/dates.ts'

export const PRODUCT_SOURCES = ['internal', 'envato'] as const
export const PRODUCT_STATUSES = ['active', 'inactive'] as const
export const NAME_CHARACTERS_MAX = 255
export const DESCRIPTION_CHARACTERS_MAX = 10_000
export const EXTERNAL_REFERENCE_CHARACTERS_MAX = 255

export interface NewProduct {
  readonly source: (typeof PRODUCT_SOURCES)[number]
  readonly name: string
  readonly description: string
  readonly requireNonExpired: number
  /** What it is called where it is sold; '' where it has no other name. */
  readonly externalReference: string
  readonly status: (typeof PRODUCT_STATUSES)[number]
}

/** What is to be different; undefined: nothing of it. */
export type ProductChanges = { readonly [Field in keyof NewProduct]?: NewProduct[Field] | undefined }

export interface CreatedProduct {
  readonly kind: 'created'
  readonly productId: number
}

const create = defineOperation<CreatedProduct>(
  API_CALLER,
  'create-product',
  `json_object('kind', 'created')`,
  [
    `insert into products (source, name, description, require_non_expired, external_reference, status, created_at,
     updated_at)
   select :source, :name, :description, :requireNonExpired, :externalReference, :status, :now, :now
   where {decided:created}`,
    `update operations set outcome = json_set(outcome, '$.productId', last_insert_rowid())
   where {mine} and {decided:created}`,
  ],
)

const IS_PRODUCT = 'id = :productId and deleted_at is null'

/** SQL, a decision: to do it, or that there is no such product. */
function ifFound(kind: string): string {
  return `json_object('kind', iif(exists (select 1 from products where ${IS_PRODUCT}), '${kind}', 'not-found'))`
}

const update = defineOperation<{ readonly kind: 'updated' | 'not-found' }>(
  API_CALLER,
  'update-product',
  ifFound('updated'),
  [
    `update products set source = coalesce(:source, source), name = coalesce(:name, name),
       description = coalesce(:description, description),
       require_non_expired = coalesce(:requireNonExpired, require_non_expired),
       external_reference = coalesce(:externalReference, external_reference),
       status = coalesce(:status, status), updated_at = :now
     where ${IS_PRODUCT} and {decided:updated}`,
  ],
)

const deletion = defineOperation<{ readonly kind: 'deleted' | 'not-found' }>(
  API_CALLER,
  'delete-product',
  ifFound('deleted'),
  [
    `update products set status = 'inactive', deleted_at = :now, updated_at = :now
     where ${IS_PRODUCT} and {decided:deleted}`,
  ],
)

/** Instants are milliseconds UTC; metadata is key and value. */
export interface ListedProduct extends NewProduct {
  readonly id: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly metadata: readonly (readonly [id: number, key: string, value: string])[]
}

const list = defineReading<ListedProduct[]>(
  API_CALLER,
  `(select json_group_array(json_object('id', id, 'externalReference', external_reference, 'source', source,
      'name', name, 'description', description, 'status', status, 'requireNonExpired', require_non_expired,
      'createdAt', created_at, 'updatedAt', updated_at, 'metadata', (
        select json_group_array(json_array(product_metadata.id, product_metadata.key, product_metadata.value))
        from product_metadata where product_metadata.product_id = products.id)))
    from products where deleted_at is null)`,
)

/**
 * @param db the primary
 * @param request who asks, and under which idempotency key
 * @throws DatabaseUnavailableError: repeating the call with the same idempotency key is safe
 */
export function createProduct(
  db: D1Database,
  request: OperationRequest,
  product: NewProduct,
): Promise<Performed<CreatedProduct, CallerRefusal>> {
  return perform(db, create, request, { ...product })
}

/** Changes what is given and nothing else; parameters and errors as of `createProduct`. */
export function updateProduct(
  db: D1Database,
  request: OperationRequest,
  productId: number,
  changes: ProductChanges,
): Promise<Performed<{ readonly kind: 'updated' | 'not-found' }, CallerRefusal>> {
  return perform(db, update, request, {
    productId,
    source: changes.source ?? null,
    name: changes.name ?? null,
    description: changes.description ?? null,
    requireNonExpired: changes.requireNonExpired ?? null,
    externalReference: changes.externalReference ?? null,
    status: changes.status ?? null,
  })
}

/** Deletes a product; parameters and errors as of `createProduct`. */
export function deleteProduct(
  db: D1Database,
  request: OperationRequest,
  productId: number,
): Promise<Performed<{ readonly kind: 'deleted' | 'not-found' }, CallerRefusal>> {
  return perform(db, deletion, request, { productId })
}

/**
 * @param db the primary
 * @returns all products by ascending id, each with its metadata in the order in which it was added
 * @throws DatabaseUnavailableError
 */
export async function listProducts(
  db: D1Database,
  caller: ApiCaller,
): Promise<Read<ListedProduct[], CallerRefusal>> {
  const listed = await read<ListedProduct[], CallerRefusal>(db, list, callerValues(caller))
  if (listed.kind === 'found') listed.found.sort((one, other) => one.id - other.id)
  return listed
}

/** The protocol's object of a listed product: these 11 fields in this order. */
export function listedProductObject(product: ListedProduct): object {
  // SQLite gathers them in an order that it does not promise.
  const metadata = product.metadata.toSorted(([one], [other]) => one - other)
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
