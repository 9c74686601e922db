/**
 * `POST /api/v1/delete-product`: deletes a product.
 *
 * A deleted product is left out of every list and issues no license keys. Its row stays because license keys and
 * issuances refer to it.
 */
import * as z from 'zod/mini'
import { apiKey, PRODUCT_AUTHORITY } from '../callers/api-keys.ts'
import { defineOperation, type OperationParts, perform } from '../callers/operation.ts'
import { NEXT_VERSION, PRODUCT_EXISTS } from '../db/conditions.ts'
import { endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import { productId } from '../protocol/fields.ts'
import { productAudit } from './product-audit.ts'
import { IS_PRODUCT } from './product-fields.ts'

interface Deleted {
  readonly kind: 'deleted' | 'not-found'
}

/** Placeholder: `productId`. */
export const productDeletion: OperationParts<Deleted> = {
  decision: `json_object('kind', iif(${PRODUCT_EXISTS}, 'deleted', 'not-found'))`,
  changes: ['deleted'],
  writes: ({ decided }) => [
    `update products set status = 'inactive', deleted_at = :now, updated_at = ${NEXT_VERSION}
     where ${IS_PRODUCT} and ${decided('deleted')}`,
  ],
  audit: () => productAudit(':productId'),
}

const deletion = defineOperation<Deleted>({
  authority: PRODUCT_AUTHORITY,
  name: 'delete-product',
  ...productDeletion,
})

export const deleteProduct = endpoint({
  path: '/api/v1/delete-product',
  summary: 'Delete a product',
  caller: apiKey('products'),
  parameters: () => z.object({ product_id: productId }),
  outcomes: { deleted: CODES.productDeleted, 'not-found': CODES.deleteProductNotFound },
  handle: (call) => perform(call, deletion, { productId: call.parameters.product_id }),
})
