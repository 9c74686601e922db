/** What a delivery contains: the keys of an issuance, or the result of a queued order. */
import { compileText } from '../db/batch.ts'
import type { Channel, Obstacle } from '../db/schema/index.ts'

/** One attempt at a delivery. */
export interface Attempt {
  /** Of the delivery. */
  readonly id: number
  /** How many there were, this one included. */
  readonly attempts: number
  /** When the delivery was created, in milliseconds UTC: for a callback, when its order was finished. */
  readonly createdAt: number
}

/** Everything that is sent, read in one round trip. */
export type DeliveryContents = IssuanceContents | CallbackContents

export interface IssuanceContents extends Attempt {
  readonly channel: Exclude<Channel, 'callback'>
  readonly productId: number
  readonly ownerName: string
  readonly ownerEmail: string
  /** Milliseconds UTC. */
  readonly issuedAt: number
  readonly productName: string
  /** Where the product's deliveries go; null: to DELIVERY_WEBHOOK_URL. */
  readonly productWebhookUrl: string | null
  /** null where the issuance belongs to no order of a payment provider. */
  readonly order: OrderLine | null
  /** As they are now, by ascending id. */
  readonly keys: readonly DeliveredKey[]
}

/** A queued order that is finished. Its keys may be too many to hold at once, so they are read later. */
export interface CallbackContents extends Attempt {
  readonly channel: 'callback'
  readonly orderId: number
  readonly webhookUrl: string
  readonly productId: number
  readonly ownerName: string
  readonly ownerEmail: string
  /** The issuances that hold its keys. */
  readonly chunks: number
  /** The caller's own name for it. */
  readonly identifier: string | null
  /** Why it was not issued; null: it was. */
  readonly refusal: Obstacle | null
  /** How many keys the stock held; null where the stock is not the reason. */
  readonly availableQuantity: number | null
}

/** The provider's own names. */
export interface OrderLine {
  readonly provider: string
  readonly id: string
  readonly line: string
}

/** A license key, which may have been blocked or renewed since it was issued. */
export interface DeliveredKey {
  readonly id: number
  readonly licenseKey: string
  readonly status: string
  readonly activationLimit: number
  readonly validityDays: number
  /** Milliseconds UTC. */
  readonly updatedAt: number
  /** Milliseconds UTC. The validity starts here. */
  readonly assignedAt: number | null
}

interface IssuanceRow extends Omit<IssuanceContents, keyof Attempt | 'order' | 'keys'> {
  readonly provider: string | null
  readonly orderId: string | null
  readonly line: string | null
  /** The JSON text of a list of `KeyRow`. */
  readonly keys: string
}

type CallbackRow = Omit<CallbackContents, keyof Attempt>

type KeyRow = readonly [
  id: number,
  licenseKey: string,
  status: string,
  activationLimit: number,
  validityDays: number,
  updatedAt: number,
  assignedAt: number | null,
]

/** Nothing is read of a delivery that was not claimed: its lease ends at another time. */
const IS_CLAIMED = 'deliveries.id = :id and deliveries.due_at in (:leaseEnd, :callbackLeaseEnd)'

export const selectIssuance = compileText<IssuanceRow>(`
  select deliveries.channel as channel, issuances.product_id as productId,
    issuances.owner_name as ownerName, issuances.owner_email as ownerEmail, issuances.created_at as issuedAt,
    products.name as productName, products.delivery_webhook_url as productWebhookUrl,
    order_lines.provider as provider, order_lines.order_id as orderId, order_lines.line as line,
    (select json_group_array(json_array(id, license_key, status, activation_limit, validity_days, updated_at,
        assigned_at)) from license_keys where license_keys.issuance_id = issuances.id) as keys
  from deliveries
  join issuances on issuances.id = deliveries.issuance_id
  join products on products.id = issuances.product_id
  left join order_lines on order_lines.issuance_id = issuances.id
  where ${IS_CLAIMED}`)

export const selectCallback = compileText<CallbackRow>(`
  select deliveries.channel as channel, queued_orders.id as orderId, queued_orders.webhook_url as webhookUrl,
    queued_orders.product_id as productId, queued_orders.owner_name as ownerName,
    queued_orders.owner_email as ownerEmail, queued_orders.chunks as chunks,
    queued_orders.identifier as identifier, queued_orders.refusal as refusal,
    queued_orders.available_quantity as availableQuantity
  from deliveries join queued_orders on queued_orders.id = deliveries.queued_order_id
  where ${IS_CLAIMED}`)

/** @returns undefined where neither statement found a row: the delivery was not claimed */
export function contentsOf(
  attempt: Attempt,
  issuance: IssuanceRow | undefined,
  callback: CallbackRow | undefined,
): DeliveryContents | undefined {
  if (callback) return { ...attempt, ...callback }
  if (!issuance) return undefined
  const { provider, orderId, line, keys, ...others } = issuance
  const isOrdered = provider !== null && orderId !== null && line !== null
  return {
    ...attempt,
    ...others,
    order: isOrdered ? { provider, id: orderId, line } : null,
    keys: deliveredKeys(keys),
  }
}

function deliveredKeys(text: string): DeliveredKey[] {
  const keys = (JSON.parse(text) as KeyRow[]).map(
    ([id, licenseKey, status, activationLimit, validityDays, updatedAt, assignedAt]) => ({
      id,
      licenseKey,
      status,
      activationLimit,
      validityDays,
      updatedAt,
      assignedAt,
    }),
  )
  // SQLite promises no order of what it gathers.
  return keys.sort((one, other) => one.id - other.id)
}

/**
 * The name of a delivery, the same in each attempt: a receiver that has seen it has the keys already. The id alone is not
 * enough, since a restored database gives the ids of lost rows to later deliveries.
 */
export function deliveryName({ id, createdAt }: Attempt): string {
  return `keyseal_delivery_${id}_${createdAt}`
}
