/** `GET /api/v1/get-all-products`: all products, with their metadata. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToReading } from '../protocol/answers.ts'
import { CODES } from '../protocol/codes.ts'
import { listedProductObject, listProducts } from './products.ts'

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
