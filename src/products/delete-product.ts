/** `POST /api/v1/delete-product`: deletes a product; what was issued for it stays. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES } from '../protocol/codes.ts'
import { productId } from '../protocol/fields.ts'
import { deleteProduct as deletion } from './products.ts'

export const deleteProduct = authenticatedEndpoint({
  path: '/api/v1/delete-product',
  access: 'products',
  parameters: () => z.object({ product_id: productId }),

  async handle({ settings, request, parameters }) {
    const performed = await deletion(settings.db, request, parameters.product_id)
    return answerToOperation(settings, performed, ({ kind }) => ({
      code: kind === 'deleted' ? CODES.productDeleted : CODES.productToDeleteNotFound,
    }))
  },
})
