/** The rules of the parameters that products have, and of what belongs to them. */
import * as z from 'zod/mini'
import { choice, type FieldErrors, flag, optional, plainText } from '../protocol/fields.ts'
import { METADATA_KEY_CHARACTERS_MAX, METADATA_VALUE_CHARACTERS_MAX } from './product-metadata.ts'
import {
  DESCRIPTION_CHARACTERS_MAX,
  EXTERNAL_REFERENCE_CHARACTERS_MAX,
  NAME_CHARACTERS_MAX,
  PRODUCT_SOURCES,
  PRODUCT_STATUSES,
} from './products.ts'

/** The longest description in a form, where a character takes up to twelve bytes, with all else at its limit. */
export const PRODUCT_BODY_BYTES_MAX = 131_072

/** The protocol's own sentence for a product that is not found. */
export const PRODUCT_INVALID: FieldErrors = { product_id: ['The selected product id is invalid.'] }

export const productName = plainText('name', NAME_CHARACTERS_MAX)
export const description = plainText('description', DESCRIPTION_CHARACTERS_MAX)
export const externalReference = plainText('external_reference', EXTERNAL_REFERENCE_CHARACTERS_MAX)
export const requireNonExpired = flag('require_non_expired')
export const productStatus = choice('status', PRODUCT_STATUSES)

/** The protocol writes one of the words in two ways. */
export const source = z.pipe(
  choice('source', [...PRODUCT_SOURCES, 'Envato']),
  z.transform((word) => (word === 'Envato' ? 'envato' : word)),
)

/** Where one of them is missing is for the database to say, since a missing product is said first. */
export const metadataKey = optional(plainText('key', METADATA_KEY_CHARACTERS_MAX))
export const metadataValue = optional(plainText('value', METADATA_VALUE_CHARACTERS_MAX))
