/** `POST /api/v1/delete-product`: deletes a product; what was issued for it stays. */
import * as z from 'zod/mini'
import { CODES } from '../envelope/codes.ts'
import { deleteProduct as deletion } from '../licensing/products.ts'
import { answerToOperation } from './answers.ts'
import { authenticatedEndpoint } from './authenticated.ts'
import { productId } from './parameters.ts'

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
