/**
 * Polar, as of API version 2026-10.
 *
 * A secret that begins with `whsec_` is the key itself if it was created before September 2026, and encodes
 * the key since then. Both are tried, as in Polar's own library.
 */
import * as z from 'zod/mini'
import { parseStandardHeaders, standardKeys, textKeys } from '../../../http/signatures.ts'
import type { Provider } from '../../provider.ts'
import { instant, name, unchecked, unusedEvent } from '../fields.ts'
import { orderPaid, orderRefunded } from './orders.ts'
import { refundChanged } from './refunds.ts'
import { subscriptionCanceled, subscriptionChanged, subscriptionRevoked } from './subscriptions.ts'

const event = z.object({ type: name, timestamp: unchecked, data: unchecked })

export const polar: Provider = {
  name: 'polar',
  signatures: {
    keys: (secret) => [...textKeys(secret), ...standardKeys(secret)],
    parseHeaders: parseStandardHeaders,
  },
  describe: (payload, headers) => {
    const { type } = event.parse(payload)
    return { id: headers.get('webhook-id') ?? undefined, type, isTest: undefined }
  },
  interpret: (payload) => {
    const { type, data, timestamp } = event.parse(payload)
    switch (type) {
      case 'order.paid':
        return orderPaid(data, timestamp)
      case 'order.refunded':
        return orderRefunded(data)
      case 'refund.created':
      case 'refund.updated':
        return refundChanged(data, instant.parse(timestamp))
      case 'subscription.created':
      case 'subscription.active':
      case 'subscription.updated':
      case 'subscription.uncanceled':
      case 'subscription.cycled':
      case 'subscription.past_due':
      case 'subscription.paused':
      case 'subscription.resumed':
        return subscriptionChanged(data, instant.parse(timestamp))
      case 'subscription.revoked':
        return subscriptionRevoked(data, instant.parse(timestamp))
      case 'subscription.canceled':
        return subscriptionCanceled(data)
      default:
        return unusedEvent(type)
    }
  },
}
