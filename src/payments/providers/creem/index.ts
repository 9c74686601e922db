/**
 * Creem, as of its documentation and of version 1.13 of its library `creem` (September 2026). A checkout sells one
 * product with units.
 *
 * The sale of a subscription has the subscription's name, because its checkout and its trial can both report it.
 * So has the payment of its first period, because the checkout's event does not always name the transaction.
 */
import * as z from 'zod/mini'
import {
  type ParsedHeaders,
  parseStandardHeaders,
  parseUntimedHeader,
  standardKeys,
  textKeys,
} from '../../../http/signatures.ts'
import type { PaymentEvent } from '../../payment-event.ts'
import type { Provider } from '../../provider.ts'
import { milliseconds, name, unchecked, unusedEvent } from '../fields.ts'
import { checkoutCompleted } from './checkout.ts'
import { disputed, refunded } from './reversals.ts'
import { subscriptionChanged, subscriptionEnded, subscriptionPaid, trialStarted } from './subscriptions.ts'

const event = z.object({
  id: name,
  eventType: unchecked,
  type: unchecked,
  created_at: unchecked,
  object: unchecked,
  data: unchecked,
})

/** The documentation's examples also contain the mode `local`. */
const mode = z.catch(z.optional(z.object({ mode: z.enum(['prod', 'test', 'sandbox']) })), undefined)

/** Other events of a subscription neither pay for it nor end it: `past_due`, `unpaid`, `expired`, `paused`. */
type EventParser = (data: unknown, occurredAt: number) => PaymentEvent

const EVENT_PARSERS: ReadonlyMap<string, EventParser> = new Map<string, EventParser>([
  ['checkout.completed', checkoutCompleted],
  ['subscription.trialing', trialStarted],
  ['subscription.paid', subscriptionPaid],
  ['subscription.active', subscriptionChanged],
  ['subscription.update', subscriptionChanged],
  ['subscription.canceled', subscriptionEnded],
  ['refund.created', refunded],
  ['dispute.created', disputed],
])

export const creem: Provider = {
  name: 'creem',
  signatures: { keys: textKeys, parseHeaders },
  describe: (payload) => {
    const { id, type, data } = parseEvent(payload)
    const known = mode.parse(data)
    return { id, type, isTest: known && known.mode !== 'prod' }
  },
  interpret: (payload) => {
    const { type, data, createdAt } = parseEvent(payload)
    return EVENT_PARSERS.get(type)?.(data, milliseconds.parse(createdAt)) ?? unusedEvent(type)
  },
}

/** Like the library, accepts the names `type` and `data` too. */
function parseEvent(payload: unknown) {
  const { id, type, eventType, data, object, created_at } = event.parse(payload)
  return { id, type: name.parse(type ?? eventType), data: data ?? object, createdAt: created_at }
}

/**
 * Creem signs the body with the characters of the secret. Its library prefers the headers of Standard Webhooks,
 * which are signed with the key that the secret encodes.
 */
function parseHeaders(headers: Headers): ParsedHeaders | undefined {
  if (['webhook-id', 'webhook-timestamp', 'webhook-signature'].every((header) => headers.get(header))) {
    const parsed = parseStandardHeaders(headers)
    return parsed && { ...parsed, keys: standardKeys }
  }
  const signature = headers.get('creem-signature') ?? headers.get('x-creem-signature') ?? ''
  return parseUntimedHeader(signature.replace(/^sha256=/, '').toLowerCase())
}
