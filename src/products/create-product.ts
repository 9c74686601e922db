/** `POST /api/v1/create-product`: adds a product. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES } from '../protocol/codes.ts'
import { optional } from '../protocol/fields.ts'
import {
  description,
  externalReference,
  PRODUCT_BODY_BYTES_MAX,
  productName,
  productStatus,
  requireNonExpired,
  source,
} from './product-parameters.ts'
import { createProduct as create } from './products.ts'

export const createProduct = authenticatedEndpoint({
  path: '/api/v1/create-product',
  access: 'products',
  bodyBytesMax: PRODUCT_BODY_BYTES_MAX,
  parameters: () =>
    z.object({
      source: optional(source),
      name: productName,
      description,
      require_non_expired: optional(requireNonExpired),
      external_reference: optional(externalReference),
      status: optional(productStatus),
    }),
  incorrect: (errors) => ({ code: CODES.productToCreateIncorrect, fields: { errors } }),

  async handle({ settings, request, parameters }) {
    const performed = await create(settings.db, request, {
      source: parameters.source ?? 'internal',
      name: parameters.name,
      description: parameters.description,
      requireNonExpired: parameters.require_non_expired ?? 0,
      externalReference: parameters.external_reference ?? '',
      status: parameters.status ?? 'active',
    })
    return answerToOperation(settings, performed, (outcome) => ({
      code: CODES.productCreated,
      fields: { product_id: outcome.productId },
    }))
  },
})
