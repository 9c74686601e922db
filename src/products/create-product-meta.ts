/** `POST /api/v1/create-product-meta`: adds a value to a product, under a new key. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES } from '../protocol/codes.ts'
import { productId } from '../protocol/fields.ts'
import { createProductMetadata } from './product-metadata.ts'
import { metadataKey, metadataValue, PRODUCT_BODY_BYTES_MAX } from './product-parameters.ts'

/** The codes of a product that was found; its key signs them. */
const FOUND = {
  'key-missing': CODES.productMetadataToCreateKeyRequired,
  'value-missing': CODES.productMetadataToCreateValueRequired,
  exists: CODES.productMetadataExists,
  created: CODES.productMetadataCreated,
} as const

export const createProductMeta = authenticatedEndpoint({
  path: '/api/v1/create-product-meta',
  access: 'products',
  bodyBytesMax: PRODUCT_BODY_BYTES_MAX,
  parameters: () => z.object({ product_id: productId, key: metadataKey, value: metadataValue }),

  async handle({ settings, request, parameters: { product_id, key, value } }) {
    const performed = await createProductMetadata(settings.db, request, { productId: product_id, key, value })
    return answerToOperation(settings, performed, (outcome) =>
      outcome.kind === 'product-not-found'
        ? { code: CODES.productOfMetadataToCreateNotFound }
        : { code: FOUND[outcome.kind], signedByProduct: outcome.productId },
    )
  },
})
