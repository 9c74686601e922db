/** What the lines of an invoice are for: a period of a subscription, a change in the middle of one, or else. */
import * as z from 'zod/mini'
import type { PaidPeriod, SubscribedItem } from '../../payment-event.ts'
import { unchecked } from '../fields.ts'
import { externalIdsOf, isMetered, linesByPrice, pricedLine } from './lines.ts'

const details = z.nullish(z.object({ proration: unchecked }))

export const invoiceLine = z.extend(pricedLine, {
  amount: unchecked,
  period: z.nullish(z.object({ start: unchecked, end: unchecked })),
  // `parent` says what the line is since API version 2025-03-31, `type` and `proration` did before.
  parent: z.nullish(
    z.object({ type: unchecked, subscription_item_details: details, invoice_item_details: details }),
  ),
  type: unchecked,
  proration: unchecked,
})
export type InvoiceLine = z.output<typeof invoiceLine>

/** The line adjusts a period that has already begun. */
export function isProration({ proration, parent }: InvoiceLine): boolean {
  return [
    proration,
    parent?.subscription_item_details?.proration,
    parent?.invoice_item_details?.proration,
  ].includes(true)
}

/** The line is bought once, in an invoice that may also be for a subscription. */
export function isOneTime(line: InvoiceLine): boolean {
  if (isProration(line)) return false
  const { type, parent, price } = line
  return type === 'invoiceitem' || parent?.type === 'invoice_item_details' || price?.type === 'one_time'
}

/** A credit gives money back, for example for the unused time of the previous plan. */
export function isCharge({ amount }: InvoiceLine): boolean {
  return !(typeof amount === 'number' && amount < 0)
}

/**
 * The charges for a subscription's period. Prorations do not count if there are other charges, because they
 * belong to an earlier period.
 */
export function chargesForPeriod(lines: readonly InvoiceLine[]): InvoiceLine[] {
  const charges = lines.filter((line) => isCharge(line) && isOfSubscription(line))
  const full = charges.filter((line) => !isProration(line))
  return full.length > 0 ? full : charges
}

function isOfSubscription(line: InvoiceLine): boolean {
  const { type, parent } = line
  return type === 'subscription' || parent?.type === 'subscription_item_details' || isProration(line)
}

/** @param charges from `chargesForPeriod`. A period with prorations only has no name of its own */
export function namedPeriod(charges: readonly InvoiceLine[]): Pick<PaidPeriod, 'name' | 'endsAt'> {
  const starts = charges.filter((line) => !isProration(line)).flatMap(startOf)
  const ends = charges.flatMap(endOf)
  return {
    ...(starts.length === 0 ? {} : { name: String(Math.max(...starts)) }),
    ...(ends.length === 0 ? {} : { endsAt: Math.max(...ends) * 1000 }),
  }
}

/** @returns milliseconds UTC */
export function latestStart(charges: readonly InvoiceLine[]): number | undefined {
  const starts = charges.flatMap(startOf)
  return starts.length === 0 ? undefined : Math.max(...starts) * 1000
}

/**
 * What the subscription consists of after the charges. Of several changes, only the latest applies. Usage is
 * charged after its period, so a line that ends when the others start has no quantity of keys.
 *
 * @param charges from `chargesForPeriod`
 */
export function itemsOf(charges: readonly InvoiceLine[]): SubscribedItem[] {
  const start = Math.max(...charges.flatMap(startOf))
  const current = charges.filter((line) => !isProration(line) || startOf(line).includes(start))
  const items = current.filter((line) => externalIdsOf(line).length > 0)
  const counted = items.map((line) => {
    const isUsage = isMetered(line) || endOf(line).some((end) => end <= start)
    return { ...line, quantity: isUsage ? 0 : (line.quantity ?? 0) }
  })
  return linesByPrice(counted, () => false).map(({ externalIds, quantity }) => ({ externalIds, quantity }))
}

function startOf({ period }: InvoiceLine): number[] {
  return wholeSeconds(period?.start)
}

function endOf({ period }: InvoiceLine): number[] {
  return wholeSeconds(period?.end)
}

function wholeSeconds(value: unknown): number[] {
  return typeof value === 'number' && Number.isSafeInteger(value) ? [value] : []
}
