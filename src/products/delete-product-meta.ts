/** `POST /api/v1/delete-product-meta`: removes a product's key and its value. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES } from '../protocol/codes.ts'
import { productId } from '../protocol/fields.ts'
import { deleteProductMetadata } from './product-metadata.ts'
import { metadataKey } from './product-parameters.ts'

/** The codes of a product that was found; its key signs them. */
const FOUND = {
  'key-missing': CODES.productMetadataToDeleteKeyRequired,
  'not-found': CODES.productMetadataToDeleteNotFound,
  deleted: CODES.productMetadataDeleted,
} as const

export const deleteProductMeta = authenticatedEndpoint({
  path: '/api/v1/delete-product-meta',
  access: 'products',
  parameters: () => z.object({ product_id: productId, key: metadataKey }),

  async handle({ settings, request, parameters: { product_id, key } }) {
    const performed = await deleteProductMetadata(settings.db, request, { productId: product_id, key })
    return answerToOperation(settings, performed, (outcome) =>
      outcome.kind === 'product-not-found'
        ? { code: CODES.productOfMetadataToDeleteNotFound }
        : { code: FOUND[outcome.kind], signedByProduct: outcome.productId },
    )
  },
})
