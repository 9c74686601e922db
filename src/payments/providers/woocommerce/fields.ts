import * as z from 'zod/mini'
import { instant, number, unchecked, usableNames } from '../fields.ts'

/** A time in UTC, without a time zone. */
export const utc = z.pipe(
  z.pipe(
    z.string(),
    z.transform((time) => `${time}Z`),
  ),
  instant,
)

export const item = z.object({
  variation_id: z.nullish(number),
  product_id: z.nullish(number),
  sku: unchecked,
  quantity: unchecked,
})

/** WooCommerce sends 0 if there is no variation, or if the product was deleted. */
export function externalIdsOf({ variation_id, product_id, sku }: z.output<typeof item>): string[] {
  return usableNames(variation_id, product_id, sku).filter((id) => id !== '0')
}
