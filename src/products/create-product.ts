/** `POST /api/v1/create-product`: adds a product. */
import * as z from 'zod/mini'
import { API_KEY_AUTHORITY, apiKey } from '../callers/api-keys.ts'
import { defineOperation, perform } from '../callers/operation.ts'
import { LONG_TEXT_BODY_BYTES_MAX } from '../http/body.ts'
import { endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import { PRODUCT_FIELDS, productDescription, productName } from './product-fields.ts'

interface Created {
  readonly kind: 'created'
  readonly productId: number
}

const creation = defineOperation<Created>({
  authority: API_KEY_AUTHORITY,
  name: 'create-product',
  decision: `json_object('kind', 'created')`,
  changes: ['created'],
  writes: ({ decided, addToOutcome }) => [
    `insert into products
       (source, name, description, require_non_expired, external_reference, status, created_at, updated_at)
     select :source, :name, :description, :requireNonExpired, :externalReference, :status, :now, :now
     where ${decided('created')}`,
    addToOutcome(`'$.productId', last_insert_rowid()`, 'created'),
  ],
})

export const createProduct = endpoint({
  path: '/api/v1/create-product',
  summary: 'Create a product',
  caller: apiKey('products'),
  bodyBytesMax: LONG_TEXT_BODY_BYTES_MAX,
  parameters: () => z.object({ ...PRODUCT_FIELDS, name: productName, description: productDescription }),
  invalidParametersCode: CODES.createProductIncorrectData,
  outcomes: { created: CODES.productCreated },
  handle: (call) =>
    perform(call, creation, {
      source: call.parameters.source ?? 'internal',
      name: call.parameters.name,
      description: call.parameters.description,
      requireNonExpired: call.parameters.require_non_expired ?? 0,
      externalReference: call.parameters.external_reference ?? '',
      status: call.parameters.status ?? 'active',
    }),
  // The global key signs: a new product has no key of its own yet.
  answer: ({ productId }) => ({ fields: { product_id: productId } }),
})
