/** Stripe's invoices and subscriptions, and the names in all of its samples. */
import { DAY_MILLISECONDS } from '../../src/protocol/dates.ts'
import { nowOf, ownerOf, periodStart, quantityOf, type SampleLine, type SampleOrder } from './sample.ts'

export function renewalInvoice(o: SampleOrder): object {
  const period = o.period ?? 1
  return {
    ...invoice(o, 4900, periodStart(period), periodStart(period + 1)),
    billing_reason: 'subscription_cycle',
  }
}

export function firstInvoice(o: SampleOrder): object {
  return createdInvoice(o, 4900, periodStart(1))
}

export function trialInvoice(o: SampleOrder): object {
  return createdInvoice(o, 0, periodStart(0) + 14 * DAY_MILLISECONDS)
}

function createdInvoice(o: SampleOrder, amount: number, end: number): object {
  return {
    ...invoice({ ...o, period: 0 }, amount, periodStart(0), end),
    billing_reason: 'subscription_create',
  }
}

/** It is paid when its period begins. */
function invoice(o: SampleOrder, amount: number, start: number, end: number): object {
  const owner = ownerOf(o)
  return {
    id: invoiceId(o),
    object: 'invoice',
    amount_paid: amount,
    currency: 'eur',
    customer_email: owner.email,
    customer_name: owner.name,
    lines: { object: 'list', data: [subscriptionLine(o, amount, start, end)], has_more: false },
    livemode: isLive(o),
    parent: { type: 'subscription_details', subscription_details: { subscription: subscriptionId(o) } },
    status: 'paid',
    status_transitions: {
      finalized_at: seconds(start),
      marked_uncollectible_at: null,
      paid_at: seconds(start),
      voided_at: null,
    },
    total: amount,
  }
}

function subscriptionLine(o: SampleOrder, amount: number, start: number, end: number): object {
  return {
    id: invoiceId(o).replace('in_', 'il_'),
    object: 'line_item',
    amount,
    currency: 'eur',
    parent: {
      type: 'subscription_item_details',
      subscription_item_details: { subscription: subscriptionId(o), proration: false },
    },
    period: { start: seconds(start), end: seconds(end) },
    pricing: {
      type: 'price_details',
      price_details: { price: o.externalId, product: 'prod_keyseal_demo' },
    },
    quantity: quantityOf(o),
  }
}

export function subscription(o: SampleOrder, { externalId, quantity }: SampleLine): object {
  const period = o.period ?? 0
  const item = {
    id: `si_${o.order}`,
    object: 'subscription_item',
    current_period_end: seconds(periodStart(period + 1)),
    current_period_start: seconds(periodStart(period)),
    price: { id: externalId, object: 'price', product: 'prod_keyseal_demo', type: 'recurring' },
    quantity,
    subscription: subscriptionId(o),
  }
  return {
    id: subscriptionId(o),
    object: 'subscription',
    cancel_at_period_end: false,
    currency: 'eur',
    customer: `cus_${o.order}`,
    ended_at: null,
    items: { object: 'list', data: [item], has_more: false },
    livemode: isLive(o),
    status: 'active',
    trial_end: null,
  }
}

export function endedSubscription(o: SampleOrder): object {
  return {
    ...subscription(o, { externalId: o.externalId, quantity: quantityOf(o) }),
    ended_at: seconds(nowOf(o)),
    status: 'canceled',
  }
}

export function invoicePayment(o: SampleOrder): unknown {
  return {
    id: `inpay_${o.order}${suffixOf(o)}`,
    object: 'invoice_payment',
    amount_paid: 4900,
    currency: 'eur',
    invoice: invoiceId(o),
    is_default: true,
    payment: { payment_intent: paymentId(o), type: 'payment_intent' },
    status: 'paid',
  }
}

export function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}

export function isLive(o: SampleOrder): boolean {
  return o.isTest !== true
}

export function sessionId(o: SampleOrder): string {
  return `cs_${isLive(o) ? 'live' : 'test'}_${o.order}`
}

export function invoiceId(o: SampleOrder): string {
  return `in_${o.order}${suffixOf(o)}`
}

export function paymentId(o: SampleOrder): string {
  return `pi_${o.order}${suffixOf(o)}`
}

export function chargeId(o: SampleOrder): string {
  return `ch_${o.order}${suffixOf(o)}`
}

/** Each later period has an invoice and a payment of its own. */
function suffixOf({ period }: SampleOrder): string {
  return period ? `_${period}` : ''
}

export function subscriptionId({ subscription, order }: SampleOrder): string {
  return `sub_${subscription ?? order}`
}
