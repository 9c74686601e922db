/** The parameters that describe a product, and their rules. */
import * as z from 'zod/mini'
import { choice, features, flag, optional, plainText } from '../protocol/fields.ts'

export const PRODUCT_SOURCES = ['internal', 'envato'] as const
export const PRODUCT_STATUSES = ['active', 'inactive'] as const

export const productName = plainText('name', 255)
export const productDescription = plainText('description', 10_000)

/** The protocol uses both `envato` and `Envato`. */
const productSource = z.pipe(
  choice('source', [...PRODUCT_SOURCES, 'Envato']),
  z.transform((word) => (word === 'Envato' ? 'envato' : word)),
)

/** All optional. */
export const PRODUCT_FIELDS = {
  source: optional(productSource),
  name: optional(productName),
  description: optional(productDescription),
  require_non_expired: optional(flag('require_non_expired')),
  /** The product's id at the marketplace that sells it, such as an Envato item id. */
  external_reference: optional(plainText('external_reference', 255)),
  status: optional(choice('status', PRODUCT_STATUSES)),
  features: optional(features),
}

/** SQL condition on `products`: the requested product, if it was not deleted. */
export const IS_PRODUCT = 'id = :productId and deleted_at is null'
