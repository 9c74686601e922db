/**
 * Paddle Billing: `transaction.completed` sells and renews, adjustments take back and give back.
 *
 * A transaction names its customer by an id only. Name and e-mail address are asked of Paddle where there is
 * an API key, unless the checkout put them into `custom_data` as `keyseal_name` and `keyseal_email`. Nothing
 * in an event tells the sandbox from the live account: only its secret does.
 */
import * as z from 'zod/mini'
import type { Provider } from '../provider.ts'
import { textKeys, timedClaim } from '../signatures.ts'
import { name, notUsed, unread } from './fields.ts'
import { adjusted } from './paddle-adjustments.ts'
import { customerUrl, transactionCompleted } from './paddle-transactions.ts'

const event = z.object({ event_id: name, event_type: name, data: unread, occurred_at: unread })

export const paddle: Provider = {
  name: 'paddle',
  signatures: {
    keys: textKeys,
    claim: (headers) =>
      timedClaim(headers.get('paddle-signature'), ';', { timestamp: 'ts', signature: 'h1' }, ':'),
  },
  describe: (payload) => {
    const { event_id, event_type } = event.parse(payload)
    return { id: event_id, type: event_type, isTest: undefined }
  },
  interpret: (payload, found) => {
    const { event_type, data, occurred_at } = event.parse(payload)
    switch (event_type) {
      case 'transaction.completed':
        return transactionCompleted(data, found)
      case 'adjustment.created':
      case 'adjustment.updated':
        return adjusted(data, occurred_at)
      default:
        return notUsed(event_type)
    }
  },
  lookUp: { setting: 'PADDLE_API_KEY', url: customerUrl },
}
