/** The deliveries of a new issuance, for everything that issues and delivers: a sale, an operator's order, a reissue. */
import type { Bindings } from '../platform/settings.ts'
import { NOT_SET } from '../protocol/owner.ts'
import { deliverySettings } from './settings.ts'

/** The channels that are set up. A product may have a webhook of its own in addition. */
export interface Channels {
  readonly hasWebhook: boolean
  readonly hasEmail: boolean
}

/** @throws SettingError if a setting of deliveries is wrong */
export function channelsOf(env: Bindings): Channels {
  const { webhookUrl, sender } = deliverySettings(env)
  return { hasWebhook: webhookUrl !== undefined, hasEmail: sender !== undefined }
}

/**
 * SQL that adds the deliveries of issuances by all channels. Placeholders: `hasWebhook`, `hasEmail` (0 or 1) and `now`.
 *
 * @param from SQL: rows of `issuances`
 */
export function insertDeliveries(from: string): string {
  return `insert into deliveries (issuance_id, channel, status, due_at, created_at, updated_at)
select issuances.id, channels.value, 'pending', :now, :now, :now
from ${from} cross join products on products.id = issuances.product_id
cross join json_each('["webhook","email"]') as channels
where case channels.value when 'webhook' then :hasWebhook or products.delivery_webhook_url is not null
  else :hasEmail and issuances.owner_email <> '${NOT_SET}' end`
}
