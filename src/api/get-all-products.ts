/** `GET /api/v1/get-all-products`: all products, with their metadata. */
import * as z from 'zod/mini'
import { CODES } from '../envelope/codes.ts'
import { listedProductObject, listProducts } from '../licensing/products.ts'
import { answerToReading } from './answers.ts'
import { authenticatedEndpoint } from './authenticated.ts'

export const getAllProducts = authenticatedEndpoint({
  method: 'GET',
  path: '/api/v1/get-all-products',
  access: 'products',
  parameters: () => z.object({}),

  async handle({ settings, caller }) {
    return answerToReading(settings, await listProducts(settings.db, caller), (products) => ({
      code: CODES.allProducts,
      fields: { products: products.map(listedProductObject) },
    }))
  },
})
