/**
 * What a delivery contains: the keys of an issuance, one license key, or the result of a queued order.
 *
 * Guarantees: keys that are sent again do not contain a key that has another owner now. A key that left its order since
 * then is not sent.
 */
import { compileText } from '../db/batch.ts'
import type { Channel, Obstacle } from '../db/schema/index.ts'
import { compileTexts, parseTexts, type TextRow } from '../db/texts.ts'
import { EXPIRES_AT, VALIDITY_DAYS } from '../issuing/expiry.ts'
import { NOT_SET } from '../protocol/owner.ts'

export interface Attempt {
  readonly id: number
  /** The number of attempts, including this one. */
  readonly attempts: number
  /** The number of earlier attempts that the receiver did not answer in time. */
  readonly timeouts: number
  /** Milliseconds UTC. A callback is created when its order is finished. */
  readonly createdAt: number
}

/** The data of a delivery, read in one round trip. */
export type DeliveryContents = IssuanceContents | CallbackContents

export interface IssuanceContents extends Attempt {
  readonly channel: Exclude<Channel, 'callback'>
  readonly productId: number
  readonly ownerName: string
  readonly ownerEmail: string
  /** Where an e-mail goes. */
  readonly recipient: string
  /** Milliseconds UTC. */
  readonly issuedAt: number
  readonly productName: string
  /** The product's own URL. If null, DELIVERY_WEBHOOK_URL applies. */
  readonly productWebhookUrl: string | null
  /** null if the issuance has no order at a payment provider. */
  readonly order: OrderLine | null
  /** In their current state, by ascending id. */
  readonly keys: readonly DeliveredKey[]
}

/** A finished queued order. Its keys are read in chunks while sending, because they may not fit in memory. */
export interface CallbackContents extends Attempt {
  readonly channel: 'callback'
  readonly orderId: number
  readonly webhookUrl: string
  readonly productId: number
  readonly ownerName: string
  readonly ownerEmail: string
  readonly chunks: number
  readonly identifier: string | null
  /** The reason why it was not issued, or null if it was. */
  readonly refusal: Obstacle | null
  /** The number of keys in stock. null unless the stock is the reason. */
  readonly availableQuantity: number | null
}

export interface OrderLine {
  readonly provider: string
  readonly id: string
  readonly line: string
}

/** A license key in its current state. It may have been blocked or renewed since it was issued. */
export interface DeliveredKey {
  readonly id: number
  readonly licenseKey: string
  readonly status: string
  readonly activationLimit: number
  readonly validityDays: number
  /** Milliseconds UTC. */
  readonly updatedAt: number
  /** Milliseconds UTC. null: it never expires. */
  readonly expiresAt: number | null
}

interface IssuanceRow extends Omit<IssuanceContents, keyof Attempt | 'order' | 'keys'> {
  readonly provider: string | null
  readonly orderId: string | null
  readonly line: string | null
}

type CallbackRow = Omit<CallbackContents, keyof Attempt>

type KeyRow = readonly [
  id: number,
  licenseKey: string,
  status: string,
  activationLimit: number,
  validityDays: number,
  updatedAt: number,
  expiresAt: number | null,
]

/** Matches only if this attempt claimed the delivery, because other leases end at other times. */
const IS_CLAIMED = 'deliveries.id = :id and deliveries.due_at in (:leaseEnd, :callbackLeaseEnd)'

/** The columns of `only_key` are null unless the delivery is for a single key. */
export const selectIssuance = compileText<IssuanceRow>(`
  select deliveries.channel as channel, products.id as productId,
    coalesce(only_key.owner_name, issuances.owner_name, '${NOT_SET}') as ownerName,
    coalesce(only_key.owner_email, issuances.owner_email, '${NOT_SET}') as ownerEmail,
    coalesce(deliveries.recipient, only_key.owner_email, issuances.owner_email, '${NOT_SET}') as recipient,
    coalesce(issuances.created_at, only_key.assigned_at, deliveries.created_at) as issuedAt,
    products.name as productName, products.delivery_webhook_url as productWebhookUrl,
    order_lines.provider as provider, order_lines.order_id as orderId, order_lines.line as line
  from deliveries
  left join license_keys as only_key on only_key.id = deliveries.license_key_id
  left join issuances on issuances.id = deliveries.issuance_id
  join products on products.id = coalesce(only_key.product_id, issuances.product_id)
  left join order_lines on order_lines.issuance_id = issuances.id
  where ${IS_CLAIMED}`)

/** The order's keys when they are sent again: without those that a caller gave to another owner. */
const IS_OWNERS = '(deliveries.serial = 1 or license_keys.has_new_owner is null)'

/** The only key of a delivery, unless it was returned to stock in the meantime, and perhaps sold to another buyer. */
const IS_STILL_THERE = `(license_keys.issuance_id is deliveries.issuance_id
  and license_keys.assigned_at <= deliveries.created_at)`

/** The keys of the issuance, or the only key. */
export const selectKeys = compileTexts(`
  select license_keys.id as place, json_array(license_keys.id, license_key, license_keys.status, activation_limit,
    ${VALIDITY_DAYS}, license_keys.updated_at, ${EXPIRES_AT}) as item
  from (
    select license_keys.id as id from deliveries
      cross join license_keys on license_keys.issuance_id = deliveries.issuance_id
      where ${IS_CLAIMED} and deliveries.license_key_id is null and ${IS_OWNERS}
    union all
    select license_keys.id from deliveries cross join license_keys on license_keys.id = deliveries.license_key_id
      where ${IS_CLAIMED} and ${IS_STILL_THERE}
  ) as sent cross join license_keys on license_keys.id = sent.id`)

export const selectCallback = compileText<CallbackRow>(`
  select deliveries.channel as channel, queued_orders.id as orderId, queued_orders.webhook_url as webhookUrl,
    queued_orders.product_id as productId, queued_orders.owner_name as ownerName,
    queued_orders.owner_email as ownerEmail, queued_orders.chunks as chunks,
    queued_orders.identifier as identifier, queued_orders.refusal as refusal,
    queued_orders.available_quantity as availableQuantity
  from deliveries join queued_orders on queued_orders.id = deliveries.queued_order_id
  where ${IS_CLAIMED}`)

/** @returns undefined if neither statement found a row, so the delivery was not claimed */
export function contentsOf(
  attempt: Attempt,
  issuance: IssuanceRow | undefined,
  keys: readonly TextRow[],
  callback: CallbackRow | undefined,
): DeliveryContents | undefined {
  if (callback) return { ...attempt, ...callback }
  if (!issuance) return undefined
  const { provider, orderId, line, ...others } = issuance
  const hasOrder = provider !== null && orderId !== null && line !== null
  return {
    ...attempt,
    ...others,
    order: hasOrder ? { provider, id: orderId, line } : null,
    keys: deliveredKeys(keys),
  }
}

function deliveredKeys(rows: readonly TextRow[]): DeliveredKey[] {
  return parseTexts<KeyRow>(rows).map(
    ([id, licenseKey, status, activationLimit, validityDays, updatedAt, expiresAt]) => ({
      id,
      licenseKey,
      status,
      activationLimit,
      validityDays,
      updatedAt,
      expiresAt,
    }),
  )
}

/**
 * The name of a delivery, the same in each attempt, so that receivers recognize repeats. The id alone is not
 * enough: a restored database assigns the ids of lost rows to later deliveries.
 */
export function deliveryName({ id, createdAt }: Attempt): string {
  return `keyseal_delivery_${id}_${createdAt}`
}
