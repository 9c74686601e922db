/**
 * Dodo Payments, which signs with Standard Webhooks. `payment.succeeded` sells a cart, and
 * `subscription.active` sells a subscription. Names are those of the SDK dodopayments 2.52.
 *
 * Dodo rebuilds the body of an event from current data for each delivery. So a payment that was refunded
 * meanwhile still counts as a sale here. The refund's own event reverses it, even if it arrives first.
 *
 * A trial is a subscription whose next billing date is the end of the trial. Its first payment is 0, or the
 * price of a paid trial.
 */
import * as z from 'zod/mini'
import { parseStandardHeaders, standardKeys } from '../../../http/signatures.ts'
import type { PaymentEvent } from '../../payment-event.ts'
import type { Provider } from '../../provider.ts'
import { name, nameAt, unchecked, unusedEvent } from '../fields.ts'
import { paymentSucceeded } from './payments.ts'
import { disputeChallenged, disputed, refundFailed, refundSucceeded } from './reversals.ts'
import {
  subscriptionActive,
  subscriptionCancelled,
  subscriptionChanged,
  subscriptionExpired,
  unpaid,
} from './subscriptions.ts'

const event = z.object({ type: name, timestamp: unchecked, data: unchecked })

type EventParser = (data: unknown, timestamp: unknown) => PaymentEvent

const EVENT_PARSERS: ReadonlyMap<string, EventParser> = new Map<string, EventParser>([
  ['payment.succeeded', paymentSucceeded],
  ['subscription.active', subscriptionActive],
  ['subscription.renewed', subscriptionChanged],
  ['subscription.plan_changed', subscriptionChanged],
  ['subscription.updated', subscriptionChanged],
  ['subscription.unpaused', subscriptionChanged],
  ['subscription.cancelled', subscriptionCancelled],
  ['subscription.expired', subscriptionExpired],
  ['subscription.past_due', (data) => unpaid('a renewal is not paid yet', data)],
  ['subscription.on_hold', (data) => unpaid('a renewal is not paid', data)],
  ['subscription.paused', (data) => unpaid('the subscription is paused', data)],
  ['subscription.failed', (data) => unpaid('the subscription did not start', data)],
  ['refund.succeeded', refundSucceeded],
  ['refund.failed', refundFailed],
  ['dispute.opened', (data, timestamp) => disputed(data, timestamp, 'refund', 'beginning')],
  ['dispute.accepted', (data, timestamp) => disputed(data, timestamp, 'refund', 'end')],
  ['dispute.lost', (data, timestamp) => disputed(data, timestamp, 'refund', 'end')],
  ['dispute.expired', (data, timestamp) => disputed(data, timestamp, 'refund', 'end')],
  ['dispute.won', (data, timestamp) => disputed(data, timestamp, 'reinstatement', 'end')],
  ['dispute.cancelled', (data, timestamp) => disputed(data, timestamp, 'reinstatement', 'end')],
  ['dispute.challenged', disputeChallenged],
])

export const dodo: Provider = {
  name: 'dodo',
  signatures: { keys: standardKeys, parseHeaders: parseStandardHeaders },
  describe: (payload, headers) => {
    const { type } = event.parse(payload)
    return { id: headers.get('webhook-id') ?? undefined, type, isTest: undefined }
  },
  interpret: (payload) => {
    const { type, data, timestamp } = event.parse(payload)
    return EVENT_PARSERS.get(type)?.(data, timestamp) ?? unusedEvent(type)
  },
  orderOf: (payload) => nameAt(payload, 'data.subscription_id', 'data.payment_id'),
}
