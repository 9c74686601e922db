/** The fields that describe a product, and their rules. */
import * as z from 'zod/mini'
import { choice, flag, optional, plainText } from '../protocol/fields.ts'

export const PRODUCT_SOURCES = ['internal', 'envato'] as const
export const PRODUCT_STATUSES = ['active', 'inactive'] as const

export const productName = plainText('name', 255)
export const productDescription = plainText('description', 10_000)

/** The protocol writes one of the words in two ways. */
const productSource = z.pipe(
  choice('source', [...PRODUCT_SOURCES, 'Envato']),
  z.transform((word) => (word === 'Envato' ? 'envato' : word)),
)

/** Any of them may be left out. */
export const PRODUCT_FIELDS = {
  source: optional(productSource),
  name: optional(productName),
  description: optional(productDescription),
  require_non_expired: optional(flag('require_non_expired')),
  /** What the product is called where it is sold. */
  external_reference: optional(plainText('external_reference', 255)),
  status: optional(choice('status', PRODUCT_STATUSES)),
}

/** SQL, a condition on `products`: picks the product of the request, unless it was deleted. */
export const IS_PRODUCT = 'id = :productId and deleted_at is null'
