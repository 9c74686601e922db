/**
 * The orders of WooCommerce. An event contains the current state of an order, not what changed. So each event
 * of a paid order reports the sale and whether it is refunded, and the latest state applies, in whatever order
 * the events arrive.
 */
import * as z from 'zod/mini'
import type { OrderedByApi, PaymentEvent, Refund, Reinstatement } from '../../payment-event.ts'
import { fullName, ignored, number, unchecked } from '../fields.ts'
import { minorUnits } from '../money.ts'
import { externalIdsOf, item, utc } from './fields.ts'

const metadata = z.nullish(z.array(z.object({ key: unchecked, value: unchecked })))

const lineItem = z.extend(item, { id: number, meta_data: metadata })

export const order = z.object({
  id: number,
  status: z.string(),
  currency: unchecked,
  total: unchecked,
  date_created_gmt: z.catch(z.optional(utc), undefined),
  date_modified_gmt: utc,
  date_paid_gmt: z.nullish(utc),
  billing: z.nullish(
    z.object({ first_name: unchecked, last_name: unchecked, company: unchecked, email: unchecked }),
  ),
  line_items: z.array(lineItem),
  refunds: z.nullish(z.array(z.object({ total: z.string() }))),
  meta_data: metadata,
})
type Order = z.output<typeof order>

/**
 * WooCommerce sets the time of payment when an order is first processed or completed, and then keeps it. An
 * order that never had it is an abandoned cart, even if it is cancelled later.
 */
export function orderChanged(changed: Order): PaymentEvent {
  const { id, date_paid_gmt: paidAt } = changed
  if (!paidAt) return ignored('the order was never paid', id)
  const reversal = reversalOf(changed)
  if (reversal === undefined) return ignored('the status says neither that it is paid nor refunded', id)
  if (isWhole(reversal)) return { ...reversal, orderedByApi: orderedByApi(changed) }
  const renewed = metaText(changed.meta_data, '_subscription_renewal')
  return renewed === undefined
    ? sale(changed, reversal)
    : { kind: 'renewal', period: { subscription: renewed, payment: id, paidAt }, reversal }
}

function isWhole(reversal: Refund | Reinstatement): reversal is Refund {
  return reversal.kind === 'refund' && reversal.amount === undefined
}

/**
 * Whether a paid order is refunded, under one name in all of its events. Times have whole seconds. In the same
 * second, a partial refund follows the payment, and a whole refund follows the partial one.
 *
 * @returns undefined for a status of another plugin, or if the order waits for a payment again
 */
function reversalOf(changed: Order): Refund | Reinstatement | undefined {
  const { id, status, total, currency, date_modified_gmt: occurredAt } = changed
  const common = { id: `order:${id}`, order: id, occurredAt }
  const whole: Refund = { kind: 'refund', ...common, occurredAt: occurredAt + 1, phase: 'end' }
  switch (status) {
    case 'refunded':
    case 'cancelled':
    case 'failed':
      return whole
    case 'processing':
    case 'completed': {
      const amount = refundedAmount(changed)
      if (amount === 0) return { kind: 'reinstatement', ...common, phase: 'beginning' }
      const paid = minorUnits(total, currency) ?? Number.POSITIVE_INFINITY
      if (amount >= paid) return whole
      return { kind: 'refund', ...common, occurredAt: occurredAt + 1, phase: 'beginning', amount }
    }
    default:
      return undefined
  }
}

/** Refunds are negative amounts and do not name their lines. */
function refundedAmount({ refunds, currency }: Order): number {
  const amounts = (refunds ?? []).map(({ total }) => minorUnits(total.replace(/^-/, ''), currency) ?? 0)
  return amounts.reduce((sum, amount) => sum + amount, 0)
}

function sale(paid: Order, reversal: Refund | Reinstatement): PaymentEvent {
  const { id, billing } = paid
  const items = itemsSold(paid)
  if (items.length === 0) return ignored('the subscription reports the change of its plan', id)
  return {
    kind: 'purchase',
    order: id,
    owner: {
      name: fullName(billing?.first_name, billing?.last_name) ?? billing?.company,
      email: billing?.email,
    },
    lines: items.map((line) => ({
      id: line.id,
      externalIds: externalIdsOf(line),
      quantity: line.quantity,
    })),
    reversal,
    orderedByApi: orderedByApi(paid),
  }
}

/** An order that switches a subscription to another plan can also contain other items, which are sold. */
function itemsSold({ line_items: items, meta_data }: Order): Order['line_items'] {
  if (metaText(meta_data, '_subscription_switch') === undefined) return items
  const others = items.filter(
    (line) => metaText(line.meta_data, '_switched_subscription_item_id') === undefined,
  )
  // No item is marked: it is safer to issue nothing for the switched ones.
  return others.length === items.length ? [] : others
}

function orderedByApi({ id, date_created_gmt: createdAt, billing }: Order): OrderedByApi {
  return { identifier: id, ...(createdAt !== undefined && { createdAt }), ownerEmail: billing?.email }
}

/** @returns the first value with this key that is an id, as text */
function metaText(entries: z.output<typeof metadata>, key: string): string | undefined {
  const parsed = number.safeParse(entries?.find((entry) => entry.key === key)?.value)
  return parsed.success ? parsed.data : undefined
}
