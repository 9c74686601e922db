/** Dodo Payments' events. A subscription is its own order; `relatedEvents` link its payment to it. */
import {
  eventOf,
  freshId,
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

export const dodoSamples: ProviderSamples = {
  provider: 'dodo',
  secret: `whsec_${btoa('keyseal demo secret of Dodo 0001')}`,
  sign: standardHeaders,
  orderName: (o) => (o.subscription === undefined ? paymentId(o) : subscriptionId(o)),
  purchase: (o) =>
    o.subscription === undefined
      ? purchaseOfLines(o, [{ externalId: o.externalId, quantity: quantityOf(o) }])
      : event(o, 'subscription.active', subscription(o, 0)),
  purchaseOfLines,
  relatedEvents: (o) =>
    o.subscription === undefined ? [] : [event(o, 'payment.succeeded', payment(o, null))],
  refund: (o) => event(o, 'refund.succeeded', refund(o, 'succeeded', false)),
  partialRefund: (o) => event(o, 'refund.succeeded', refund(o, 'succeeded', true)),
  refundFailed: (o) => event(o, 'refund.failed', refund(o, 'failed', false)),
  disputeOpened: (o) => event(o, 'dispute.opened', dispute(o, 'dispute_opened')),
  disputeWon: (o) => event(o, 'dispute.won', dispute(o, 'dispute_won')),
  disputeLost: (o) => event(o, 'dispute.lost', dispute(o, 'dispute_lost')),
  renewal: (o) => event(o, 'subscription.renewed', subscription(o, o.period ?? 1)),
  unknown: () => event({ order: '0', externalId: '' }, 'sample.unheard_of', { payload_type: 'Sample' }),
}

function purchaseOfLines(o: SampleOrder, lines: readonly SampleLine[]): SampleEvent {
  const cart = lines.map(({ externalId, quantity }) => ({ product_id: externalId, quantity }))
  return event(o, 'payment.succeeded', payment(o, cart))
}

function event(o: SampleOrder, type: string, data: unknown): SampleEvent {
  return eventOf(o.eventId ?? freshId('msg'), {
    business_id: 'biz_keyseal_demo',
    type,
    timestamp: isoTime(nowOf(o)),
    data,
  })
}

function payment(o: SampleOrder, cart: readonly object[] | null): unknown {
  return {
    payload_type: 'Payment',
    payment_id: paymentId(o),
    business_id: 'biz_keyseal_demo',
    created_at: isoTime(nowOf(o)),
    updated_at: null,
    status: 'succeeded',
    currency: 'EUR',
    total_amount: 4900,
    tax: 0,
    customer: customer(o),
    billing: { country: 'GB' },
    product_cart: cart,
    subscription_id: o.subscription === undefined ? null : subscriptionId(o),
    is_update_payment_method: false,
    metadata: {},
    refunds: [],
    refund_status: null,
    disputes: [],
    payment_method: 'card',
  }
}

function subscription(o: SampleOrder, period: number): unknown {
  return {
    payload_type: 'Subscription',
    subscription_id: subscriptionId(o),
    product_id: o.externalId,
    quantity: quantityOf(o),
    status: 'active',
    currency: 'EUR',
    recurring_pre_tax_amount: 4900,
    payment_frequency_count: 1,
    payment_frequency_interval: 'Month',
    created_at: isoTime(periodStart(0)),
    previous_billing_date: isoTime(periodStart(period) + 2_000),
    next_billing_date: isoTime(periodStart(period + 1)),
    trial_period_days: 0,
    on_demand: false,
    customer: customer(o),
    metadata: {},
  }
}

function refund(o: SampleOrder, status: string, isPartial: boolean): unknown {
  return {
    payload_type: 'Refund',
    refund_id: `ref_${o.order}`,
    payment_id: paymentId(o),
    business_id: 'biz_keyseal_demo',
    amount: isPartial ? 1000 : 4900,
    currency: 'EUR',
    created_at: isoTime(nowOf(o)),
    is_partial: isPartial,
    reason: 'sample',
    status,
    customer: customer(o),
  }
}

function dispute(o: SampleOrder, status: string): unknown {
  return {
    payload_type: 'Dispute',
    dispute_id: `dsp_${o.order}`,
    payment_id: paymentId(o),
    business_id: 'biz_keyseal_demo',
    amount: '4900',
    currency: 'EUR',
    created_at: isoTime(nowOf(o)),
    dispute_stage: 'dispute',
    dispute_status: status,
  }
}

function customer(o: SampleOrder): unknown {
  return { customer_id: `cus_${o.order}`, ...ownerOf(o) }
}

function paymentId({ order }: SampleOrder): string {
  return `pay_${order}`
}

function subscriptionId({ subscription: id, order }: SampleOrder): string {
  return `sub_${id ?? order}`
}
