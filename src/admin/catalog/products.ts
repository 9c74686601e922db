/** `/admin/v1/products`: products, with their settings and metadata. */
import * as z from 'zod/mini'
import { done } from '../../callers/caller.ts'
import { defineOperation, perform } from '../../callers/operation.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import { defineQuery, runQuery } from '../../callers/query.ts'
import { type Bindings, isLocalDevelopment } from '../../platform/settings.ts'
import { deliveryTarget } from '../../platform/target.ts'
import { productCreation } from '../../products/create-product.ts'
import { productDeletion } from '../../products/delete-product.ts'
import { IS_PRODUCT, productName } from '../../products/product-fields.ts'
import { productUpdate } from '../../products/update-product.ts'
import { optional } from '../../protocol/fields.ts'
import { page } from '../cursor.ts'
import { adminEndpoint } from '../endpoint.ts'
import { etagOf, ifUnchanged, PROBLEMS_OF_CHANGES } from '../fields.ts'
import { listById, pageById } from '../list-by-id.ts'
import { metadataChanges, newMetadata, writeMetadata } from '../metadata.ts'
import { PRODUCT, type Product, productBody, SETTING_FIELDS, settingValues } from './product.ts'

const READ = { role: 'viewer' } as const
const WRITE = { role: 'owner' } as const
const READERS = operatorAuthority(READ)
const WRITERS = operatorAuthority(WRITE)

const selectProducts = listById<Product>(READ, {
  table: 'products',
  item: PRODUCT,
  where: 'products.deleted_at is null',
})

export const listProducts = adminEndpoint({
  method: 'GET',
  path: '/products',
  summary: 'List products',
  ...READ,
  query: () => page(),
  problems: {},
  handle: (call) => selectProducts(call),
  answer: ({ items }, { call }) => ({ body: pageById(items, call.query, productBody) }),
})

type Shown =
  | {
      readonly kind: 'found'
      readonly product: Product
      readonly metadata: readonly (readonly [name: string, value: string])[]
    }
  | { readonly kind: 'not-found' }

const selectProduct = defineQuery<Shown>(
  READERS,
  `coalesce((select json_object('kind', 'found', 'product', ${PRODUCT}) from products where ${IS_PRODUCT}),
    json_object('kind', 'not-found'))`,
  {
    metadata: (allowed) => `
      select product_metadata.id as place, json_array(product_metadata.key, product_metadata.value) as item
      from ${allowed} cross join product_metadata where product_metadata.product_id = :productId`,
  },
)

export const showProduct = adminEndpoint({
  method: 'GET',
  path: '/products/:id',
  summary: 'Show a product',
  ...READ,
  problems: { 'not-found': 'not-found' },
  handle: (call) => runQuery(call, selectProduct, { productId: call.path.id }),
  answer: ({ product, metadata }) => ({
    body: { ...productBody(product), metadata: Object.fromEntries(metadata) },
    headers: etagOf(product.updatedAt),
  }),
})

type Created = { readonly kind: 'created'; readonly product: Product } | { readonly kind: 'url-invalid' }

const create = defineOperation<Exclude<Created, { kind: 'url-invalid' }>>({
  authority: WRITERS,
  name: 'products.create',
  ...productCreation,
  writes: (sql) => [
    ...productCreation.writes(sql),
    ...writeMetadata(
      'product_metadata',
      'product_id',
      `select products.id as id from products where id = (${sql.decision} ->> '$.productId')`,
    ),
  ],
  currentMembers: `'$.product', (select json(${PRODUCT}) from products
    where products.id = operations.outcome ->> '$.productId')`,
})

const URL_INVALID = {
  code: 'invalid-request',
  describe: () => ({
    errors: {
      delivery_webhook_url: [
        'The delivery_webhook_url field must be an https address of a public host, without a user name and password.',
      ],
    },
  }),
} as const

function isUrlInvalid(env: Bindings, url: string | null | undefined): boolean {
  return url !== undefined && url !== null && !deliveryTarget(url, isLocalDevelopment(env))
}

export const createProduct = adminEndpoint({
  method: 'POST',
  path: '/products',
  summary: 'Add a product',
  ...WRITE,
  body: () => ({ name: productName, ...SETTING_FIELDS, metadata: z.optional(newMetadata) }),
  problems: { 'url-invalid': URL_INVALID },
  async handle({ body, ...call }) {
    if (isUrlInvalid(call.env, body.delivery_webhook_url)) {
      return done<Created>({ kind: 'url-invalid' }, call.now)
    }
    return perform<Created>(call, create, {
      ...settingValues(body),
      metadata: JSON.stringify(body.metadata ?? {}),
    })
  },
  answer: ({ product }) => ({ status: 201, body: productBody(product), headers: etagOf(product.updatedAt) }),
})

type Changed =
  | { readonly kind: 'updated'; readonly product: Product }
  | { readonly kind: 'not-found' | 'version-mismatch' | 'url-invalid' }

const update = defineOperation<Changed>({
  authority: WRITERS,
  name: 'products.update',
  ...productUpdate,
  decision: ifUnchanged(`products where ${IS_PRODUCT}`, productUpdate.decision),
  writes: (sql) => [
    ...productUpdate.writes(sql),
    ...writeMetadata(
      'product_metadata',
      'product_id',
      `select products.id as id from products where ${IS_PRODUCT} and ${sql.decided('updated')}`,
    ),
  ],
  currentMembers: `'$.product', (select json(${PRODUCT}) from products where products.id = :productId)`,
})

export const updateProduct = adminEndpoint({
  method: 'PATCH',
  path: '/products/:id',
  summary: 'Change a product',
  ...WRITE,
  body: () => ({ name: optional(productName), ...SETTING_FIELDS, metadata: z.optional(metadataChanges) }),
  problems: { ...PROBLEMS_OF_CHANGES, 'url-invalid': URL_INVALID },
  async handle({ body, ...call }) {
    if (isUrlInvalid(call.env, body.delivery_webhook_url)) {
      return done<Changed>({ kind: 'url-invalid' }, call.now)
    }
    return perform(call, update, {
      productId: call.path.id,
      ifMatch: call.ifMatch,
      ...settingValues(body),
      metadata: JSON.stringify(body.metadata ?? {}),
    })
  },
  answer: ({ product }) => ({ body: productBody(product), headers: etagOf(product.updatedAt) }),
})

interface Deleted {
  readonly kind: 'deleted' | 'not-found' | 'version-mismatch'
}

const deletion = defineOperation<Deleted>({
  authority: WRITERS,
  name: 'products.delete',
  ...productDeletion,
  decision: ifUnchanged(`products where ${IS_PRODUCT}`, productDeletion.decision),
})

export const deleteProduct = adminEndpoint({
  method: 'DELETE',
  path: '/products/:id',
  summary: 'Delete a product',
  ...WRITE,
  problems: PROBLEMS_OF_CHANGES,
  handle: (call) => perform(call, deletion, { productId: call.path.id, ifMatch: call.ifMatch }),
  answer: () => ({ status: 204 }),
})

export const PRODUCT_ENDPOINTS = [listProducts, showProduct, createProduct, updateProduct, deleteProduct]
