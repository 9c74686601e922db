/** The formats that an import reads, by their names in the API. */
import { readEdd } from './edd.ts'
import { readGumroad } from './gumroad.ts'
import { readKeygen } from './keygen.ts'
import { readKeyseal } from './keyseal.ts'
import { readLemonSqueezy } from './lemon-squeezy.ts'
import type { Format } from './license.ts'
import { readWooCommerce } from './woocommerce.ts'

export const IMPORT_FORMATS = ['keyseal', 'gumroad', 'lemon-squeezy', 'keygen', 'edd', 'woocommerce'] as const
export type ImportFormat = (typeof IMPORT_FORMATS)[number]

export const FORMATS: Readonly<Record<ImportFormat, Format>> = {
  keyseal: readKeyseal,
  gumroad: readGumroad,
  'lemon-squeezy': readLemonSqueezy,
  keygen: readKeygen,
  edd: readEdd,
  woocommerce: readWooCommerce,
}
