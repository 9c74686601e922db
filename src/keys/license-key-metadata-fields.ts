/** What the endpoints about the metadata of license keys have in common. */

import { optional, plainText } from '../protocol/fields.ts'
import type { MetadataOrder } from './license-key-metadata.ts'
import { KEY_USE_PARAMETERS } from './license-key-use.ts'

/** The protocol sends an identifier along, which only the blocklist looks at. What is missing has its own codes. */
export const METADATA_KEY_PARAMETERS = { ...KEY_USE_PARAMETERS, key: optional(plainText('key', 255)) }

export const METADATA_PARAMETERS = { ...METADATA_KEY_PARAMETERS, value: optional(plainText('value', 10_000)) }

/** A character takes up to 12 bytes in a form, and the longest value alone 120,000. */
export const METADATA_BODY_BYTES_MAX = 131_072

interface MetadataParameters {
  readonly license_key?: string | undefined
  readonly key?: string | undefined
  readonly value?: string | undefined
}

export function metadataOrderOf({ license_key: licenseKey, key, value }: MetadataParameters): MetadataOrder {
  return { licenseKey, key, value }
}
