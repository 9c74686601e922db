/**
 * Stripe's events, as of API version 2026-09-30.
 *
 * A purchase is a Checkout Session whose metadata names the offer. The order of a subscription is named after
 * its first invoice. Refunds and disputes name the payment, which `relatedEvents` link to that invoice.
 */
import {
  eventOf,
  freshId,
  hmacHex,
  nowOf,
  ownerOf,
  type ProviderSamples,
  periodStart,
  quantityOf,
  type SampleEvent,
  type SampleOrder,
} from './sample.ts'

export const stripeSamples: ProviderSamples = {
  provider: 'stripe',
  secret: 'whsec_keyseal_demo_stripe',
  sign: async ({ body }, secret, nowSeconds) => ({
    'Content-Type': 'application/json; charset=utf-8',
    'Stripe-Signature': `t=${nowSeconds},v1=${await hmacHex(secret, `${nowSeconds}.${body}`)}`,
  }),
  orderName: (o) => (o.subscription === undefined ? sessionId(o) : invoiceId(o)),
  purchase: (o) => event(o, 'checkout.session.completed', session(o)),
  relatedEvents: (o) =>
    o.subscription === undefined ? [] : [event(o, 'invoice_payment.paid', invoicePayment(o))],
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
  renewal: (o) => event(o, 'invoice.paid', renewalInvoice(o)),
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
  return {
    amount_total: 4900,
    currency: 'eur',
    price: { id: o.externalId, object: 'price', product: 'prod_keyseal_demo', type: 'one_time' },
    quantity: quantityOf(o),
  }
}

function invoicePayment(o: SampleOrder): unknown {
  return {
    id: `inpay_${o.order}`,
    object: 'invoice_payment',
    amount_paid: 4900,
    currency: 'eur',
    invoice: invoiceId(o),
    is_default: true,
    payment: { payment_intent: paymentId(o), type: 'payment_intent' },
    status: 'paid',
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

function renewalInvoice(o: SampleOrder): unknown {
  const period = o.period ?? 1
  const owner = ownerOf(o)
  const subscription = subscriptionId(o)
  return {
    id: `${invoiceId(o)}_${period}`,
    object: 'invoice',
    amount_paid: 4900,
    billing_reason: 'subscription_cycle',
    currency: 'eur',
    customer_email: owner.email,
    customer_name: owner.name,
    lines: { object: 'list', data: [renewedLine(o, period)], has_more: false },
    livemode: isLive(o),
    parent: { type: 'subscription_details', subscription_details: { subscription } },
    status: 'paid',
  }
}

function renewedLine(o: SampleOrder, period: number): unknown {
  return {
    id: `il_${o.order}_${period}`,
    object: 'line_item',
    amount: 4900,
    currency: 'eur',
    parent: {
      type: 'subscription_item_details',
      subscription_item_details: { subscription: subscriptionId(o), proration: false },
    },
    period: { start: seconds(periodStart(period)), end: seconds(periodStart(period + 1)) },
    pricing: {
      type: 'price_details',
      price_details: { price: o.externalId, product: 'prod_keyseal_demo' },
    },
    quantity: quantityOf(o),
  }
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}

function isLive(o: SampleOrder): boolean {
  return o.isTest !== true
}

function sessionId(o: SampleOrder): string {
  return `cs_${isLive(o) ? 'live' : 'test'}_${o.order}`
}

function invoiceId({ order }: SampleOrder): string {
  return `in_${order}`
}

function paymentId({ order }: SampleOrder): string {
  return `pi_${order}`
}

function chargeId({ order }: SampleOrder): string {
  return `ch_${order}`
}

function subscriptionId({ subscription, order }: SampleOrder): string {
  return `sub_${subscription ?? order}`
}
