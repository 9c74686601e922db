/** Polar's events, as of API version 2026-10. The external id is a product id. */
import { DAY_MILLISECONDS } from '../../src/protocol/dates.ts'
import {
  eventOf,
  isoTime,
  nowOf,
  ownerOf,
  type ProviderSamples,
  periodStart,
  quantityOf,
  type SampleEvent,
  type SampleLine,
  type SampleOrder,
  standardHeaders,
} from './sample.ts'

export const polarSamples: ProviderSamples = {
  provider: 'polar',
  secret: `whsec_${btoa('keyseal demo secret of Polar 0001')}`,
  sign: standardHeaders,
  orderName: ({ order: name, subscription: subscriptionName }) => subscriptionName ?? name,
  purchase: (o) => event(o, 'order.paid', order(o, { billing_reason: firstReason(o) })),
  refund: (o) => event(o, 'refund.created', refund(o, { amount: 4900 })),
  partialRefund: (o) => event(o, 'refund.created', refund(o, { id: `refund-part-${o.order}`, amount: 1000 })),
  refundFailed: (o) => event(o, 'refund.updated', refund(o, { status: 'failed', amount: 4900 })),
  disputeOpened: (o) => event(o, 'refund.created', disputed(o, 'succeeded', 'lost')),
  disputeWon: (o) => event(o, 'refund.updated', disputed(o, 'canceled', 'won')),
  renewal: (o) => {
    const period = o.period ?? 1
    const renewed = { ...o, period }
    return event(
      o,
      'order.paid',
      order(renewed, { id: orderId(renewed), billing_reason: 'subscription_cycle', checkout_id: null }),
    )
  },
  trial: (o) => {
    const named = { ...o, subscription: o.subscription ?? `subscription-${o.order}` }
    const changes = { billing_reason: 'subscription_create', seats: null, net_amount: 0, total_amount: 0 }
    return event(o, 'order.paid', { ...order(named, changes), subscription: trialOf(named) })
  },
  planChange: (o, to) => event(o, 'subscription.updated', subscription(o, to)),
  ended: (o) => {
    const now = isoTime(nowOf(o))
    const ended = { status: 'canceled', canceled_at: now, ends_at: now, ended_at: now }
    return event(o, 'subscription.revoked', { ...subscription(o, lineOf(o)), ...ended })
  },
  unknown: () => event({ order: '0', externalId: '' }, 'sample.unheard_of', { id: 'x_1' }),
}

function event(o: SampleOrder, type: string, data: unknown): SampleEvent {
  return eventOf(o.eventId ?? crypto.randomUUID(), { type, timestamp: isoTime(nowOf(o)), data })
}

function firstReason({ subscription: name }: SampleOrder): string {
  return name === undefined ? 'purchase' : 'subscription_create'
}

function lineOf(o: SampleOrder): SampleLine {
  return { externalId: o.externalId, quantity: quantityOf(o) }
}

/** An order is created when its period starts. */
function order(o: SampleOrder, changes: object): object {
  const owner = ownerOf(o)
  const isSubscription = o.subscription !== undefined
  return {
    id: o.order,
    created_at: isoTime(isSubscription ? periodStart(o.period ?? 0) : nowOf(o) - 60_000),
    modified_at: null,
    status: 'paid',
    paid: true,
    subtotal_amount: 4900,
    discount_amount: 0,
    net_amount: 4900,
    tax_amount: 931,
    total_amount: 5831,
    applied_balance_amount: 0,
    due_amount: 5831,
    refunded_amount: 0,
    refunded_tax_amount: 0,
    currency: 'eur',
    billing_name: owner.name,
    billing_address: { country: 'GB' },
    invoice_number: 'DEMO-0001',
    seats: quantityOf(o),
    units: null,
    customer_id: 'f6c0ffee-0000-4000-8000-000000000001',
    product_id: o.externalId,
    subscription_id: o.subscription ?? null,
    checkout_id: `checkout-${o.order}`,
    metadata: {},
    custom_field_data: {},
    customer: { id: 'f6c0ffee-0000-4000-8000-000000000001', external_id: null, type: 'individual', ...owner },
    product: { id: o.externalId, name: 'Pro', is_recurring: isSubscription, metadata: {} },
    discount: null,
    subscription: isSubscription ? subscription(o, lineOf(o)) : null,
    items: [{ id: `item-${o.order}`, label: 'Pro', amount: 4900, tax_amount: 931, proration: false }],
    description: 'Pro',
    ...changes,
  }
}

function subscription(o: SampleOrder, { externalId, quantity }: SampleLine): object {
  const period = o.period ?? 0
  return {
    id: o.subscription,
    created_at: isoTime(periodStart(0)),
    modified_at: null,
    status: 'active',
    current_period_start: isoTime(periodStart(period)),
    current_period_end: isoTime(periodStart(period + 1)),
    trial_start: null,
    trial_end: null,
    cancel_at_period_end: false,
    canceled_at: null,
    started_at: isoTime(periodStart(0)),
    ends_at: null,
    ended_at: null,
    product_id: externalId,
    seats: quantity,
    units: null,
    pending_update: null,
  }
}

function trialOf(o: SampleOrder): object {
  const end = isoTime(periodStart(0) + 14 * DAY_MILLISECONDS)
  return {
    ...subscription(o, lineOf(o)),
    status: 'trialing',
    current_period_end: end,
    trial_start: isoTime(periodStart(0)),
    trial_end: end,
  }
}

/** Each later period has an order of its own. */
function orderId({ order: id, period }: SampleOrder): string {
  return period ? `${id}-${period}` : id
}

function refund(o: SampleOrder, changes: object): object {
  return {
    id: `refund-${orderId(o)}`,
    created_at: isoTime(nowOf(o)),
    modified_at: null,
    status: 'succeeded',
    reason: 'customer_request',
    tax_amount: 0,
    currency: 'eur',
    order_id: orderId(o),
    subscription_id: o.subscription ?? null,
    customer_id: 'f6c0ffee-0000-4000-8000-000000000001',
    // Polar allows true only for one-time orders.
    revoke_benefits: o.subscription === undefined,
    dispute: null,
    metadata: {},
    ...changes,
  }
}

function disputed(o: SampleOrder, status: string, disputeStatus: string): object {
  const dispute = { id: `dispute-${o.order}`, status: disputeStatus, order_id: o.order, amount: 4900 }
  return refund(o, { id: `refund-disputed-${o.order}`, status, amount: 4900, dispute })
}
