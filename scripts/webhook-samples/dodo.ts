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
  trialEnd,
} from './sample.ts'

export const dodoSamples: ProviderSamples = {
  provider: 'dodo',
  secret: `whsec_${btoa('keyseal demo secret of Dodo 0001')}`,
  sign: standardHeaders,
  orderName: (o) => (o.subscription === undefined ? paymentId(o) : subscriptionId(o)),
  purchase: (o) =>
    o.subscription === undefined
      ? purchaseOfLines(o, [{ externalId: o.externalId, quantity: quantityOf(o) }])
      : event(o, 'subscription.active', subscription({ ...o, period: 0 })),
  purchaseOfLines,
  relatedEvents: (o) =>
    o.subscription === undefined ? [] : [event(o, 'payment.succeeded', payment(o, null))],
  refund: (o) => event(o, 'refund.succeeded', refund(o, 'succeeded', false)),
  partialRefund: (o) => event(o, 'refund.succeeded', refund(o, 'succeeded', true)),
  refundFailed: (o) => event(o, 'refund.failed', refund(o, 'failed', false)),
  disputeOpened: (o) => event(o, 'dispute.opened', dispute(o, 'dispute_opened')),
  disputeWon: (o) => event(o, 'dispute.won', dispute(o, 'dispute_won')),
  disputeLost: (o) => event(o, 'dispute.lost', dispute(o, 'dispute_lost')),
  renewal: (o) => event(o, 'subscription.renewed', subscription({ ...o, period: o.period ?? 1 })),
  trial: (o) => {
    const state = { next_billing_date: isoTime(trialEnd()), trial_period_days: 14 }
    return event(o, 'subscription.active', subscription({ ...o, period: 0 }, state))
  },
  planChange: (o, { externalId, quantity }) =>
    event(o, 'subscription.plan_changed', subscription({ ...o, externalId, quantity })),
  ended: (o) => {
    const state = { status: 'cancelled', cancelled_at: isoTime(nowOf(o)) }
    return event(o, 'subscription.cancelled', subscription(o, state))
  },
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
    created_at: isoTime(o.subscription === undefined ? nowOf(o) : periodStart(o.period ?? 0)),
    updated_at: null,
    status: 'succeeded',
    currency: 'EUR',
    total_amount: 4900,
    tax: 0,
    customer: customer(o),
    billing: { country: 'GB' },
    product_cart: cart,
    subscription_id: o.subscription === undefined ? null : subscriptionId(o),
    subscription_ids: o.subscription === undefined ? [] : [subscriptionId(o)],
    is_multi_subscription: false,
    is_update_payment_method: false,
    metadata: {},
    refunds: [],
    refund_status: null,
    disputes: [],
    payment_method: 'card',
  }
}

/** @param state replaces fields of an active subscription */
function subscription(o: SampleOrder, state: object = {}): unknown {
  const period = o.period ?? 0
  return {
    payload_type: 'Subscription',
    subscription_id: subscriptionId(o),
    product_id: o.externalId,
    quantity: quantityOf(o),
    addons: [],
    status: 'active',
    cancel_at_next_billing_date: false,
    cancelled_at: null,
    currency: 'EUR',
    recurring_pre_tax_amount: 4900,
    payment_frequency_count: 1,
    payment_frequency_interval: 'Month',
    created_at: isoTime(periodStart(0)),
    previous_billing_date: isoTime(periodStart(period) + 2_000),
    next_billing_date: isoTime(periodStart(period + 1)),
    trial_period_days: 0,
    on_demand: false,
    expires_at: null,
    customer: customer(o),
    metadata: {},
    ...state,
  }
}

function refund(o: SampleOrder, status: string, isPartial: boolean): unknown {
  return {
    payload_type: 'Refund',
    refund_id: paymentId(o).replace('pay', 'ref'),
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

/** Each period of a subscription has its own payment. */
function paymentId({ order, period = 0 }: SampleOrder): string {
  return period === 0 ? `pay_${order}` : `pay_${order}_${period}`
}

function subscriptionId({ subscription: id, order }: SampleOrder): string {
  return `sub_${id ?? order}`
}
