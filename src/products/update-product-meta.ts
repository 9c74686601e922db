/** `POST /api/v1/update-product-meta`: changes the value under a product's key. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES } from '../protocol/codes.ts'
import { productId } from '../protocol/fields.ts'
import { updateProductMetadata } from './product-metadata.ts'
import { metadataKey, metadataValue, PRODUCT_BODY_BYTES_MAX } from './product-parameters.ts'

/** The codes of a product that was found; its key signs them. */
const FOUND = {
  'key-missing': CODES.productMetadataToUpdateKeyRequired,
  'value-missing': CODES.productMetadataToUpdateValueRequired,
  'not-found': CODES.productMetadataToUpdateNotFound,
  updated: CODES.productMetadataUpdated,
} as const

export const updateProductMeta = authenticatedEndpoint({
  path: '/api/v1/update-product-meta',
  access: 'products',
  bodyBytesMax: PRODUCT_BODY_BYTES_MAX,
  parameters: () => z.object({ product_id: productId, key: metadataKey, value: metadataValue }),

  async handle({ settings, request, parameters: { product_id, key, value } }) {
    const performed = await updateProductMetadata(settings.db, request, { productId: product_id, key, value })
    return answerToOperation(settings, performed, (outcome) =>
      outcome.kind === 'product-not-found'
        ? { code: CODES.productOfMetadataToUpdateNotFound }
        : { code: FOUND[outcome.kind], signedByProduct: outcome.productId },
    )
  },
})
