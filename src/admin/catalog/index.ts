/** The admin endpoints about what is sold. */
import { GENERATOR_ENDPOINTS } from './generators.ts'
import { OFFER_ENDPOINTS } from './offers.ts'
import { PRODUCT_ENDPOINTS } from './products.ts'
import { STOCK_ENDPOINTS } from './stock.ts'

export const CATALOG_ENDPOINTS = [
  ...PRODUCT_ENDPOINTS,
  ...GENERATOR_ENDPOINTS,
  ...OFFER_ENDPOINTS,
  ...STOCK_ENDPOINTS,
] as const
