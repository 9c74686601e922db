/** `POST /api/v1/generate`: fills the stock of a generator's product with fresh license keys. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES } from '../protocol/codes.ts'
import { wholeNumber } from '../protocol/fields.ts'
import { generateLicenseKeys } from './generators.ts'

const GENERATOR_ID_MAX = 2_147_483_647

export const generate = authenticatedEndpoint({
  path: '/api/v1/generate',
  access: 'stock',
  parameters: ({ maxQuantity }) =>
    z.object({
      generator_id: wholeNumber('generator_id', 1, GENERATOR_ID_MAX),
      quantity: wholeNumber('quantity', 1, maxQuantity),
    }),

  async handle({ settings, parameters, request }) {
    const generated = await generateLicenseKeys(settings.db, request, {
      generatorId: parameters.generator_id,
      quantity: parameters.quantity,
    })
    return answerToOperation(settings, generated, (generation) => {
      if (generation.kind === 'generator-not-found') return { code: CODES.generatorNotFound }
      return {
        code: CODES.licenseKeysGenerated,
        fields: { licenseKeys: generation.licenseKeys },
        signedByProduct: generation.productId,
      }
    })
  },
})
