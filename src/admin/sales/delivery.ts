/** A delivery as the admin API tells it. */
import type { Bounce, Channel, DeliveryStatus } from '../../db/schema/index.ts'
import { NOT_SET } from '../../protocol/owner.ts'
import { isoInstant } from '../fields.ts'

/** Times are in milliseconds UTC. */
export interface Delivery {
  readonly id: number
  readonly channel: Channel
  readonly serial: number
  readonly status: DeliveryStatus
  readonly issuanceId: number | null
  readonly licenseKeyId: number | null
  readonly productId: number | null
  /** A payment provider, or who ordered by API. */
  readonly provider: string | null
  readonly order: string | null
  readonly recipient: string | null
  readonly attempts: number
  readonly lastResult: string | null
  readonly dueAt: number
  readonly email: EmailReports
  readonly createdAt: number
  readonly updatedAt: number
}

/** What the e-mail service told. */
interface EmailReports {
  readonly messageId: string | null
  readonly arrivedAt: number | null
  readonly bounce: Bounce | null
  readonly bouncedAt: number | null
}

/** SQL: what `DELIVERY` needs in addition to `deliveries`. */
export const DELIVERY_JOINS = `
  left join issuances on issuances.id = deliveries.issuance_id
  left join license_keys as only_key on only_key.id = deliveries.license_key_id
  left join order_lines on order_lines.issuance_id = deliveries.issuance_id
  left join queued_orders on queued_orders.id = deliveries.queued_order_id`

/** SQL: a `Delivery` as JSON. A function has at most 32 arguments in D1. */
export const DELIVERY = `json_object('id', deliveries.id, 'channel', deliveries.channel, 'serial', deliveries.serial,
  'status', deliveries.status, 'issuanceId', deliveries.issuance_id, 'licenseKeyId', deliveries.license_key_id,
  'productId', coalesce(only_key.product_id, issuances.product_id, queued_orders.product_id),
  'provider', coalesce(order_lines.provider, queued_orders.source),
  'order', coalesce(order_lines.order_id, queued_orders.identifier, issuances.reference),
  'recipient', iif(deliveries.channel = 'email', coalesce(deliveries.recipient,
    nullif(coalesce(only_key.owner_email, issuances.owner_email), '${NOT_SET}')), null),
  'attempts', deliveries.attempts, 'lastResult', deliveries.last_result, 'dueAt', deliveries.due_at,
  'email', json_object('messageId', deliveries.message_id, 'arrivedAt', deliveries.arrived_at,
    'bounce', deliveries.bounce, 'bouncedAt', deliveries.bounced_at), 'createdAt', deliveries.created_at, 'updatedAt', deliveries.updated_at)`

/** @param role viewers do not see where an e-mail went */
export function deliveryBody(delivery: Delivery, role: string) {
  return {
    id: delivery.id,
    channel: delivery.channel,
    serial: delivery.serial,
    status: delivery.status,
    issuance_id: delivery.issuanceId,
    license_id: delivery.licenseKeyId,
    product_id: delivery.productId,
    provider: delivery.provider,
    order: delivery.order,
    recipient: role === 'viewer' ? null : delivery.recipient,
    attempts: delivery.attempts,
    last_result: delivery.lastResult,
    due_at: delivery.status === 'pending' ? isoInstant(delivery.dueAt) : null,
    message_id: delivery.email.messageId,
    arrived_at: isoInstant(delivery.email.arrivedAt),
    bounce: delivery.email.bounce,
    bounced_at: isoInstant(delivery.email.bouncedAt),
    created_at: isoInstant(delivery.createdAt),
    updated_at: isoInstant(delivery.updatedAt),
  }
}
