/** The admin endpoints about what is sold. */
import { PRODUCT_ENDPOINTS } from './products.ts'

export const CATALOG_ENDPOINTS = [...PRODUCT_ENDPOINTS] as const
