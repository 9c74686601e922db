/**
 * Stripe's events, as of API version 2026-09-30.
 *
 * A purchase is a Checkout Session whose metadata names the offer. The order is named after its payment, which
 * refunds and disputes name. The purchase of a subscription is its first invoice. `relatedEvents` are its
 * session and the link to its payment; with a later period, only the link to that period's payment.
 */
import {
  eventOf,
  freshId,
  hmacHex,
  nowOf,
  ownerOf,
  type ProviderSamples,
  quantityOf,
  type SampleEvent,
  type SampleOrder,
} from './sample.ts'
import {
  chargeId,
  endedSubscription,
  firstInvoice,
  invoiceId,
  invoicePayment,
  isLive,
  paymentId,
  renewalInvoice,
  seconds,
  sessionId,
  subscription,
  subscriptionId,
  trialInvoice,
} from './stripe-billing.ts'

export const stripeSamples: ProviderSamples = {
  provider: 'stripe',
  secret: 'whsec_keyseal_demo_stripe',
  sign: async ({ body }, secret, nowSeconds) => ({
    'Content-Type': 'application/json; charset=utf-8',
    'Stripe-Signature': `t=${nowSeconds},v1=${await hmacHex(secret, `${nowSeconds}.${body}`)}`,
  }),
  orderName: (o) => (o.subscription === undefined ? paymentId(o) : invoiceId({ ...o, period: 0 })),
  purchase: (o) =>
    o.subscription === undefined ? sessionCompleted(o) : event(o, 'invoice.paid', firstInvoice(o)),
  relatedEvents: (o) => {
    if (o.subscription === undefined) return []
    const link = event(o, 'invoice_payment.paid', invoicePayment(o))
    return o.period ? [link] : [sessionCompleted(o), link]
  },
  purchaseToLookUp: (o) => event(o, 'checkout.session.completed', { ...session(o), metadata: {} }),
  lookUpResponse: (o) => ({
    object: 'list',
    data: [{ id: `li_${o.order}`, object: 'item', description: 'Pro', ...priced(o) }],
    has_more: false,
    url: `/v1/checkout/sessions/${sessionId(o)}/line_items`,
  }),
  refund: (o) => event(o, 'charge.refunded', charge(o, 4900)),
  partialRefund: (o) => event(o, 'charge.refunded', charge(o, 1000)),
  refundFailed: (o) => event(o, 'refund.failed', failedRefund(o)),
  disputeOpened: (o) => event(o, 'charge.dispute.created', dispute(o, 'needs_response')),
  disputeWon: (o) => event(o, 'charge.dispute.closed', dispute(o, 'won')),
  disputeLost: (o) => event(o, 'charge.dispute.closed', dispute(o, 'lost')),
  renewal: (o) => event(o, 'invoice.paid', renewalInvoice({ ...o, period: o.period ?? 1 })),
  trial: (o) => event(o, 'invoice.paid', trialInvoice(o)),
  planChange: (o, to) => event(o, 'customer.subscription.updated', subscription(o, to)),
  ended: (o) => event(o, 'customer.subscription.deleted', endedSubscription(o)),
  unknown: () => event({ order: '0', externalId: '' }, 'radar.sample.unheard_of', { id: 'x_1' }),
}

function event(o: SampleOrder, type: string, object: unknown): SampleEvent {
  const id = o.eventId ?? freshId('evt')
  return eventOf(id, {
    id,
    object: 'event',
    api_version: '2026-09-30.endive',
    created: seconds(nowOf(o)),
    livemode: isLive(o),
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
    data: { object },
  })
}

function sessionCompleted(o: SampleOrder): SampleEvent {
  return event(o, 'checkout.session.completed', session(o))
}

function session(o: SampleOrder): object {
  const isSubscription = o.subscription !== undefined
  const owner = ownerOf(o)
  return {
    id: sessionId(o),
    object: 'checkout.session',
    amount_subtotal: 4900,
    amount_total: 4900,
    client_reference_id: null,
    created: seconds(nowOf(o)) - 60,
    currency: 'eur',
    custom_fields: [],
    customer: isSubscription ? `cus_${o.order}` : null,
    customer_details: { ...owner, address: { country: 'GB', postal_code: null }, phone: null, tax_ids: [] },
    customer_email: null,
    invoice: isSubscription ? invoiceId(o) : null,
    livemode: isLive(o),
    metadata: { keyseal_product: o.externalId },
    mode: isSubscription ? 'subscription' : 'payment',
    payment_intent: isSubscription ? null : paymentId(o),
    payment_link: 'plink_keyseal_demo',
    payment_method_types: ['card'],
    payment_status: 'paid',
    status: 'complete',
    subscription: isSubscription ? subscriptionId(o) : null,
    ui_mode: 'hosted',
  }
}

function priced(o: SampleOrder): object {
  const type = o.subscription === undefined ? 'one_time' : 'recurring'
  return {
    amount_total: 4900,
    currency: 'eur',
    price: { id: o.externalId, object: 'price', product: 'prod_keyseal_demo', type },
    quantity: quantityOf(o),
  }
}

function charge(o: SampleOrder, amountRefunded: number): unknown {
  return {
    id: chargeId(o),
    object: 'charge',
    amount: 4900,
    amount_captured: 4900,
    amount_refunded: amountRefunded,
    currency: 'eur',
    disputed: false,
    livemode: isLive(o),
    paid: true,
    payment_intent: paymentId(o),
    refunded: amountRefunded === 4900,
    status: 'succeeded',
  }
}

function failedRefund(o: SampleOrder): unknown {
  return {
    id: `re_${o.order}`,
    object: 'refund',
    amount: 4900,
    charge: chargeId(o),
    currency: 'eur',
    failure_reason: 'expired_or_canceled_card',
    payment_intent: paymentId(o),
    status: 'failed',
  }
}

function dispute(o: SampleOrder, status: string): unknown {
  return {
    id: `du_${o.order}`,
    object: 'dispute',
    amount: 4900,
    charge: chargeId(o),
    currency: 'eur',
    is_charge_refundable: false,
    livemode: isLive(o),
    payment_intent: paymentId(o),
    reason: 'fraudulent',
    status,
  }
}
