/**
 * Paddle Billing. Transactions report sales and renewals, adjustments report refunds and chargebacks, and
 * subscriptions report their trials, items and end. Only the secret shows whether an event comes from the
 * sandbox.
 */
import * as z from 'zod/mini'
import { parseTimedHeader, textKeys } from '../../../http/signatures.ts'
import type { Provider } from '../../provider.ts'
import { instant, name, unchecked, unusedEvent } from '../fields.ts'
import { adjusted } from './adjustments.ts'
import { subscriptionChanged } from './subscriptions.ts'
import { customerUrl, transactionCompleted } from './transactions.ts'

const event = z.object({ event_id: name, event_type: name, data: unchecked, occurred_at: unchecked })

export const paddle: Provider = {
  name: 'paddle',
  signatures: {
    keys: textKeys,
    parseHeaders: (headers) =>
      parseTimedHeader(headers.get('paddle-signature'), ';', { timestamp: 'ts', signature: 'h1' }, ':'),
  },
  describe: (payload) => {
    const { event_id, event_type } = event.parse(payload)
    return { id: event_id, type: event_type, isTest: undefined }
  },
  interpret: (payload, found) => {
    const { event_type, data, occurred_at } = event.parse(payload)
    switch (event_type) {
      case 'transaction.completed':
        return transactionCompleted(data, occurred_at, found)
      case 'adjustment.created':
      case 'adjustment.updated':
        return adjusted(data, instant.parse(occurred_at))
      case 'subscription.created':
      case 'subscription.imported':
      case 'subscription.activated':
      case 'subscription.trialing':
      case 'subscription.updated':
      case 'subscription.past_due':
      case 'subscription.paused':
      case 'subscription.resumed':
      case 'subscription.canceled':
        return subscriptionChanged(data, instant.parse(occurred_at))
      default:
        return unusedEvent(event_type)
    }
  },
  lookUp: { setting: 'PADDLE_API_KEY', url: customerUrl },
}
