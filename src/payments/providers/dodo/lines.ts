/** What Dodo's payments and subscriptions have in common: the buyer, and lines that are named after their product. */
import * as z from 'zod/mini'
import type { Purchase, PurchasedLine } from '../../payment-event.ts'
import { unchecked } from '../fields.ts'

export const customer = z.nullish(z.object({ name: unchecked, email: unchecked }))

export function lineOf(product: string, quantity: unknown): PurchasedLine {
  return { id: product, externalIds: [product], quantity: quantity ?? 1 }
}

export function ownerOf(owner: z.output<typeof customer>): Purchase['owner'] {
  return { name: owner?.name, email: owner?.email }
}
