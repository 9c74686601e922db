/** `POST /api/v1/update-product`: changes a product. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES } from '../protocol/codes.ts'
import { optional, productId } from '../protocol/fields.ts'
import {
  description,
  externalReference,
  PRODUCT_BODY_BYTES_MAX,
  PRODUCT_INVALID,
  productName,
  productStatus,
  requireNonExpired,
  source,
} from './product-parameters.ts'
import { updateProduct as update } from './products.ts'

export const updateProduct = authenticatedEndpoint({
  path: '/api/v1/update-product',
  access: 'products',
  bodyBytesMax: PRODUCT_BODY_BYTES_MAX,
  parameters: () =>
    z.object({
      product_id: productId,
      source: optional(source),
      name: optional(productName),
      description: optional(description),
      require_non_expired: optional(requireNonExpired),
      external_reference: optional(externalReference),
      status: optional(productStatus),
    }),
  incorrect: (errors) => ({ code: CODES.productToUpdateIncorrect, fields: { errors } }),

  async handle({ settings, request, parameters }) {
    const performed = await update(settings.db, request, parameters.product_id, {
      source: parameters.source,
      name: parameters.name,
      description: parameters.description,
      requireNonExpired: parameters.require_non_expired,
      externalReference: parameters.external_reference,
      status: parameters.status,
    })
    return answerToOperation(settings, performed, (outcome) =>
      outcome.kind === 'updated'
        ? { code: CODES.productUpdated }
        : { code: CODES.productToUpdateIncorrect, fields: { errors: PRODUCT_INVALID } },
    )
  },
})
