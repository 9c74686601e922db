/** `GET /api/v1/get-available-license-keys-count`: how many license keys a product has in stock. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToReading } from '../protocol/answers.ts'
import { CODES } from '../protocol/codes.ts'
import { productId } from '../protocol/fields.ts'
import { countAvailable } from './list-license-keys.ts'

export const getAvailableLicenseKeysCount = authenticatedEndpoint({
  method: 'GET',
  path: '/api/v1/get-available-license-keys-count',
  access: 'stock',
  parameters: () => z.object({ product_id: productId }),

  async handle({ settings, caller, parameters }) {
    const counted = await countAvailable(settings.db, caller, parameters.product_id)
    return answerToReading(settings, counted, ({ productExists, count }) =>
      productExists
        ? { code: CODES.availableCount, fields: { count } }
        : { code: CODES.productToCountNotFound },
    )
  },
})
