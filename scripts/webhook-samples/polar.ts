/** Polar's events, as of API version 2026-10. The external id is a product id. */
import {
  eventOf,
  isoTime,
  nowOf,
  ownerOf,
  type ProviderSamples,
  quantityOf,
  type SampleEvent,
  type SampleOrder,
  standardHeaders,
} from './sample.ts'

export const polarSamples: ProviderSamples = {
  provider: 'polar',
  secret: `whsec_${btoa('keyseal demo secret of Polar 0001')}`,
  sign: standardHeaders,
  orderName: ({ order }) => order,
  purchase: (o) => event(o, 'order.paid', order(o, { status: 'paid', billing_reason: firstReason(o) })),
  refund: (o) =>
    event(
      o,
      'order.refunded',
      order(o, { status: 'refunded', refunded_amount: 4900, billing_reason: firstReason(o) }),
    ),
  partialRefund: (o) =>
    event(
      o,
      'order.refunded',
      order(o, { status: 'partially_refunded', refunded_amount: 1000, billing_reason: firstReason(o) }),
    ),
  refundFailed: (o) => event(o, 'refund.updated', refund(o, 'failed', null)),
  disputeOpened: (o) => event(o, 'refund.created', refund(o, 'succeeded', 'lost')),
  disputeWon: (o) => event(o, 'refund.updated', refund(o, 'canceled', 'won')),
  renewal: (o) =>
    event(
      o,
      'order.paid',
      order(o, { id: `${o.order}-${o.period ?? 1}`, status: 'paid', billing_reason: 'subscription_cycle' }),
    ),
  unknown: () => event({ order: '0', externalId: '' }, 'sample.unheard_of', { id: 'x_1' }),
}

function event(o: SampleOrder, type: string, data: unknown): SampleEvent {
  return eventOf(o.eventId ?? crypto.randomUUID(), { type, timestamp: isoTime(nowOf(o)), data })
}

function firstReason({ subscription }: SampleOrder): string {
  return subscription === undefined ? 'purchase' : 'subscription_create'
}

function order(o: SampleOrder, changes: object): object {
  const owner = ownerOf(o)
  const subscription = o.subscription ?? null
  return {
    id: o.order,
    created_at: isoTime(nowOf(o) - 60_000),
    modified_at: null,
    paid: true,
    subtotal_amount: 4900,
    discount_amount: 0,
    net_amount: 4900,
    tax_amount: 0,
    total_amount: 4900,
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
    subscription_id: subscription,
    checkout_id: `checkout-${o.order}`,
    metadata: {},
    custom_field_data: {},
    customer: { id: 'f6c0ffee-0000-4000-8000-000000000001', external_id: null, type: 'individual', ...owner },
    product: { id: o.externalId, name: 'Pro', is_recurring: subscription !== null, metadata: {} },
    discount: null,
    items: [{ id: `item-${o.order}`, label: 'Pro', amount: 4900, tax_amount: 0, proration: false }],
    description: 'Pro',
    ...changes,
  }
}

function refund(o: SampleOrder, status: string, disputeStatus: string | null): unknown {
  return {
    id: `refund-${o.order}`,
    created_at: isoTime(nowOf(o)),
    modified_at: null,
    status,
    reason: 'customer_request',
    amount: 4900,
    tax_amount: 0,
    currency: 'eur',
    order_id: o.order,
    subscription_id: o.subscription ?? null,
    customer_id: 'f6c0ffee-0000-4000-8000-000000000001',
    revoke_benefits: true,
    dispute:
      disputeStatus === null
        ? null
        : {
            id: `dispute-${o.order}`,
            status: disputeStatus,
            order_id: o.order,
            amount: 4900,
            currency: 'eur',
          },
    metadata: {},
  }
}
