/** What a delivery brings: the keys of an issuance, or the news of a queued order. */
import { type BoundStatement, bind, compileText } from '../db/batch.ts'
import type { Channel, Obstacle } from '../db/schema/index.ts'
import type { IssueOrder } from '../issuing/issue.ts'

/** One attempt at a delivery. */
export interface Attempt {
  /** Of the delivery. */
  readonly id: number
  /** This one included. */
  readonly attempts: number
  /** Of the delivery, milliseconds UTC: of a callback, when its order came to its end. */
  readonly createdAt: number
}

/** What is to be sent: everything about it, in one round trip. */
export type Consignment = IssuanceConsignment | CallbackConsignment

export interface IssuanceConsignment extends Attempt {
  readonly channel: Exclude<Channel, 'callback'>
  /** What was issued. */
  readonly issuance: IssueOrder
  /** Milliseconds UTC. */
  readonly issuedAt: number
  readonly productName: string
  /** Where the product's deliveries go; null: to DELIVERY_WEBHOOK_URL. */
  readonly productWebhookUrl: string | null
  /** null where the issuance follows from no order of a payment provider. */
  readonly order: OrderLine | null
  /** As they are now, by ascending id. */
  readonly keys: readonly ConsignedKey[]
}

/** A queued order that has come to its end. Its keys may be too many to be held at once, so they are read later. */
export interface CallbackConsignment extends Attempt {
  readonly channel: 'callback'
  readonly orderId: number
  readonly webhookUrl: string
  readonly productId: number
  readonly ownerName: string
  readonly ownerEmail: string
  readonly quantity: number
  /** The issuances that hold its keys. */
  readonly chunks: number
  /** The caller's own name for it. */
  readonly identifier: string | null
  /** Why it was not issued; null: it was. */
  readonly refusal: Obstacle | null
  /** What the stock held; null where that is not why. */
  readonly availableQuantity: number | null
}

/** The provider's own names. */
export interface OrderLine {
  readonly provider: string
  readonly id: string
  readonly line: string
}

/** What may have changed about a key since it was issued, besides its names. */
export interface ConsignedKey {
  readonly id: number
  readonly licenseKey: string
  readonly status: string
  readonly activationLimit: number
  readonly validityDays: number
  /** Milliseconds UTC. */
  readonly updatedAt: number
}

interface IssuanceRow
  extends Omit<IssuanceConsignment, keyof Attempt | 'issuance' | 'order' | 'keys'>,
    IssueOrder {
  readonly provider: string | null
  readonly orderId: string | null
  readonly line: string | null
  /** `[[id, license key, status, activation limit, validity, changed at], ...]`: one text, as one row. */
  readonly keys: string
}

type CallbackRow = Omit<CallbackConsignment, keyof Attempt>

type KeyRow = readonly [number, string, string, number, number, number]

/** Of a delivery that was not claimed, whose lease ends at another time, nothing is read. */
const IS_CLAIMED = 'deliveries.id = :id and deliveries.due_at in (:leaseEnd, :callbackLeaseEnd)'

const selectIssuance = compileText<IssuanceRow>(`
  select deliveries.channel as channel, issuances.product_id as productId, issuances.quantity as quantity,
    issuances.owner_name as ownerName, issuances.owner_email as ownerEmail,
    issuances.validity_days as validityDays, issuances.activation_limit as activationLimit,
    issuances.created_at as issuedAt,
    products.name as productName, products.delivery_webhook_url as productWebhookUrl,
    order_lines.provider as provider, order_lines.order_id as orderId, order_lines.line as line,
    (select json_group_array(json_array(id, license_key, status, activation_limit, validity_days, updated_at))
      from license_keys where license_keys.issuance_id = issuances.id) as keys
  from deliveries
  join issuances on issuances.id = deliveries.issuance_id
  join products on products.id = issuances.product_id
  left join order_lines on order_lines.issuance_id = issuances.id
  where ${IS_CLAIMED}`)

const selectCallback = compileText<CallbackRow>(`
  select deliveries.channel as channel, queued_orders.id as orderId, queued_orders.webhook_url as webhookUrl,
    queued_orders.product_id as productId, queued_orders.owner_name as ownerName,
    queued_orders.owner_email as ownerEmail, queued_orders.quantity as quantity, queued_orders.chunks as chunks,
    queued_orders.identifier as identifier, queued_orders.refusal as refusal,
    queued_orders.available_quantity as availableQuantity
  from deliveries join queued_orders on queued_orders.id = deliveries.queued_order_id
  where ${IS_CLAIMED}`)

/** The statements that read what a claimed delivery brings; their rows are for `consignmentIn`. */
export function selectConsignment(
  values: Record<string, unknown>,
): [BoundStatement<IssuanceRow>, BoundStatement<CallbackRow>] {
  return [bind(selectIssuance, values), bind(selectCallback, values)]
}

/** @returns undefined where neither statement found a row: the delivery was not claimed */
export function consignmentIn(
  attempt: Attempt,
  issuance: IssuanceRow | undefined,
  callback: CallbackRow | undefined,
): Consignment | undefined {
  if (callback) return { ...attempt, ...callback }
  return issuance && ofIssuance(attempt, issuance)
}

function ofIssuance(attempt: Attempt, row: IssuanceRow): IssuanceConsignment {
  const { channel, issuedAt, productName, productWebhookUrl, provider, orderId, line, keys, ...issuance } =
    row
  const isOrdered = provider !== null && orderId !== null && line !== null
  return {
    ...attempt,
    channel,
    issuance,
    issuedAt,
    productName,
    productWebhookUrl,
    order: isOrdered ? { provider, id: orderId, line } : null,
    // SQLite gathers them in the order in which it finds them, which it does not promise.
    keys: (JSON.parse(keys) as KeyRow[]).map(keyOf).sort((one, other) => one.id - other.id),
  }
}

function keyOf([id, licenseKey, status, activationLimit, validityDays, updatedAt]: KeyRow): ConsignedKey {
  return { id, licenseKey, status, activationLimit, validityDays, updatedAt }
}
