/** Lemon Squeezy's events (JSON:API). The external id is a variant id. All ids are numbers. */
import {
  eventOf,
  freshId,
  hmacHex,
  isoTime,
  nowOf,
  numberOrText,
  ownerOf,
  type ProviderSamples,
  periodStart,
  quantityOf,
  type SampleEvent,
  type SampleOrder,
  trialEnd,
} from './sample.ts'

export const lemonSqueezySamples: ProviderSamples = {
  provider: 'lemon-squeezy',
  secret: 'keyseal-demo-lemon-squeezy',
  sign: async ({ body }, secret) => ({
    'Content-Type': 'application/json',
    'X-Event-Name': /"event_name":"(\w+)"/.exec(body)?.[1] ?? 'unknown',
    'X-Signature': await hmacHex(secret, body),
  }),
  orderName: ({ order }) => `order:${order}`,
  purchase: (o) => event(o, 'order_created', order(o, 'paid', 0)),
  relatedEvents: (o) =>
    o.subscription === undefined
      ? []
      : [
          event(o, 'subscription_created', subscription(o, { status: 'active' })),
          event(o, 'subscription_payment_success', subscriptionInvoice(o, 'initial', 0)),
        ],
  refund: (o) =>
    o.period
      ? event(o, 'subscription_payment_refunded', subscriptionInvoice(o, 'renewal', o.period, nowOf(o)))
      : event(o, 'order_refunded', order(o, 'refunded', 4900)),
  partialRefund: (o) => event(o, 'order_refunded', order(o, 'partial_refund', 1000)),
  renewal: (o) => event(o, 'subscription_payment_success', subscriptionInvoice(o, 'renewal', o.period ?? 1)),
  hasOrderBesideTrial: true,
  trial: (o) =>
    event(
      o,
      'subscription_created',
      subscription(o, {
        status: 'on_trial',
        trial_ends_at: isoTime(trialEnd()),
        renews_at: isoTime(trialEnd()),
        first_subscription_item: null,
      }),
    ),
  planChange: (o, { externalId, quantity }) =>
    event(o, 'subscription_plan_changed', subscription({ ...o, externalId, quantity }, { status: 'active' })),
  ended: (o) =>
    event(
      o,
      'subscription_expired',
      subscription(o, { status: 'expired', cancelled: true, ends_at: isoTime(nowOf(o)) }),
    ),
  unknown: () => event({ order: '1', externalId: '1' }, 'sample_unheard_of', { attributes: {} }),
}

/** Events have no id, so a distinct webhook id makes each body unique. */
function event(o: SampleOrder, event_name: string, data: object): SampleEvent {
  const id = o.eventId ?? freshId('event')
  const meta = { event_name, test_mode: o.isTest === true, webhook_id: id, custom_data: {} }
  return eventOf(id, { meta, data })
}

function order(o: SampleOrder, status: string, refundedAmount: number): object {
  const owner = ownerOf(o)
  const time = isoTime(nowOf(o))
  return {
    type: 'orders',
    id: o.order,
    attributes: {
      store_id: 1,
      customer_id: 1,
      identifier: `keyseal-demo-${o.order}`,
      order_number: 1,
      user_name: owner.name,
      user_email: owner.email,
      currency: 'EUR',
      subtotal: 4900,
      tax: 0,
      total: 4900,
      refunded_amount: refundedAmount,
      status,
      status_formatted: 'Paid',
      refunded: status === 'refunded',
      refunded_at: refundedAmount === 0 ? null : time,
      first_order_item: orderItem(o, time),
      created_at: time,
      updated_at: time,
      test_mode: o.isTest === true,
    },
    relationships: {},
  }
}

function orderItem(o: SampleOrder, time: string): object {
  return {
    id: 1,
    order_id: numberOrText(o.order),
    product_id: 700_001,
    variant_id: numberOrText(o.externalId),
    price_id: 1,
    quantity: quantityOf(o),
    product_name: 'Pro',
    variant_name: 'Default',
    price: 4900,
    created_at: time,
    updated_at: time,
    test_mode: o.isTest === true,
  }
}

function subscription(o: SampleOrder, state: object): object {
  const owner = ownerOf(o)
  return {
    type: 'subscriptions',
    id: o.subscription ?? o.order,
    attributes: {
      store_id: 1,
      customer_id: 1,
      order_id: numberOrText(o.order),
      order_item_id: 1,
      product_id: 700_001,
      variant_id: numberOrText(o.externalId),
      user_name: owner.name,
      user_email: owner.email,
      pause: null,
      cancelled: false,
      trial_ends_at: null,
      first_subscription_item: { id: 1, subscription_id: 1, price_id: 1, quantity: quantityOf(o) },
      renews_at: isoTime(periodStart((o.period ?? 0) + 1)),
      ends_at: null,
      created_at: isoTime(periodStart(0)),
      updated_at: isoTime(nowOf(o)),
      test_mode: o.isTest === true,
      ...state,
    },
  }
}

function subscriptionInvoice(
  o: SampleOrder,
  billingReason: string,
  period: number,
  refundedAt?: number,
): object {
  const owner = ownerOf(o)
  return {
    type: 'subscription-invoices',
    id: `${o.order}0${period}`,
    attributes: {
      store_id: 1,
      subscription_id: numberOrText(o.subscription ?? o.order),
      customer_id: 1,
      user_name: owner.name,
      user_email: owner.email,
      billing_reason: billingReason,
      currency: 'EUR',
      status: 'paid',
      refunded: refundedAt !== undefined,
      refunded_at: refundedAt === undefined ? null : isoTime(refundedAt),
      total: 4900,
      created_at: isoTime(periodStart(period)),
      updated_at: isoTime(nowOf(o)),
      test_mode: o.isTest === true,
    },
  }
}
