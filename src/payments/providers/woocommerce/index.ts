/**
 * WooCommerce, with webhooks of its REST API v3, and WooCommerce Subscriptions.
 *
 * The signature covers only the body. So the members of the body tell what it is, and not the header
 * `X-WC-Webhook-Topic`, which is only stored. The hash of the body identifies an event, since two deliveries
 * in one second have the same delivery id. Nothing is sent twice: WooCommerce does not retry.
 */
import * as z from 'zod/mini'
import { parseUntimedHeader, textKeys } from '../../../http/signatures.ts'
import type { Provider } from '../../provider.ts'
import { flagged, ignored, number } from '../fields.ts'
import { order, orderChanged } from './order.ts'
import { subscription, subscriptionChanged } from './subscription.ts'

const UNKNOWN_TOPIC = 'unknown'

/** Sent without a signature when a webhook is saved. WooCommerce then expects the status 200. */
const PING = /^webhook_id=\d{1,20}$/
const PING_BYTES_MAX = 31

const body = z.record(z.string(), z.unknown())
const deleted = z.object({ id: number })

export const woocommerce: Provider = {
  name: 'woocommerce',
  signatures: {
    keys: (secret) => textKeys(decodeEntities(secret)),
    parseHeaders: (headers) => parseUntimedHeader(headers.get('x-wc-webhook-signature'), 'base64'),
  },
  isPing: (bytes) => bytes.length <= PING_BYTES_MAX && PING.test(new TextDecoder().decode(bytes)),
  describe: (payload, headers) => {
    body.parse(payload)
    return { id: undefined, type: headers.get('x-wc-webhook-topic') ?? UNKNOWN_TOPIC, isTest: undefined }
  },
  interpret: (payload) => {
    const members = body.parse(payload)
    if ('billing_period' in members) return subscriptionChanged(subscription.parse(payload))
    if ('date_paid_gmt' in members && 'line_items' in members) return orderChanged(order.parse(payload))
    if ('line_items' in members) return flagged('the webhook does not use version 3 of the REST API')
    if ('code' in members) return flagged('the user who added the webhook may not read orders')
    if (Object.keys(members).join() !== 'id') return ignored('neither an order nor a subscription')
    return flagged('deleted in the shop, which changes no license keys', deleted.parse(payload).id)
  },
}

/** As `wp_specialchars_decode` of WordPress with `ENT_QUOTES`, which WooCommerce applies to the secret. */
const ENTITIES: readonly (readonly [RegExp, string])[] = [
  [/^&(?:quot|#0*34|#x0*22);$/i, '"'],
  [/^&(?:#0*39|#x0*27);$/i, "'"],
  [/^&(?:lt|#0*60);$/i, '<'],
  [/^&(?:gt|#0*62);$/i, '>'],
  [/^&(?:amp|#0*38|#x0*26);$/i, '&'],
]

/** Decodes each entity once: `&amp;lt;` becomes `&lt;`. */
function decodeEntities(text: string): string {
  return text.replaceAll(
    /&(?:quot|lt|gt|amp|#0*(?:34|38|39|60|62)|#[xX]0*2[267]);/g,
    (entity) => ENTITIES.find(([pattern]) => pattern.test(entity))?.[1] ?? entity,
  )
}
