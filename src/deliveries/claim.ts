/**
 * Who may send a delivery, and what came of it.
 *
 * Guarantees: of all who want to send a delivery at the same time one may, for as long as its lease lasts; one
 * that is not due, or neither pending, is nobody's; what came of an attempt is written down only while the
 * delivery is still pending and no later attempt has begun.
 */
import { bind, compileText, runBatch } from '../db/batch.ts'
import { withRetries } from '../db/retries.ts'
import type { Channel } from '../db/schema.ts'
import type { IssueOrder } from '../licensing/issue.ts'
import { LEASE_MS } from './processing.ts'

/** What is to be sent: everything about it, in one round trip. */
export interface Consignment {
  /** Of the delivery. */
  readonly id: number
  /** This one included. */
  readonly attempts: number
  readonly channel: Channel
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

/** What an attempt ends with. */
export interface Conclusion {
  readonly status: 'pending' | 'delivered' | 'failed' | 'cancelled'
  /** What it met with. */
  readonly result: string
  /** Of a pending delivery: when it is tried again, in milliseconds UTC. */
  readonly dueAt?: number
}

const claim = compileText<{ attempts: number }>(`
  update deliveries set attempts = attempts + 1, due_at = :leaseEnd, updated_at = :now
  where id = :id and status = 'pending' and due_at <= :now
  returning attempts`)

interface ConsignmentRow
  extends Omit<Consignment, 'id' | 'attempts' | 'issuance' | 'order' | 'keys'>,
    IssueOrder {
  readonly provider: string | null
  readonly orderId: string | null
  readonly line: string | null
  /** `[[id, license key, status, activation limit, validity, changed at], ...]`: one text, as one row. */
  readonly keys: string
}

type KeyRow = readonly [number, string, string, number, number, number]

/** Of a delivery that was not claimed, whose lease ends at another time, nothing is read. */
const selectConsignment = compileText<ConsignmentRow>(`
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
  where deliveries.id = :id and deliveries.due_at = :leaseEnd`)

const conclude = compileText(`
  update deliveries set status = :status, due_at = coalesce(:dueAt, due_at), last_result = :result,
    updated_at = :now
  where id = :id and status = 'pending' and attempts = :attempts`)

const abandon = compileText(`
  update deliveries set status = 'failed', last_result = :result, updated_at = :now
  where id = :id and status = 'pending'`)

/**
 * Takes a delivery for one attempt.
 *
 * @param now milliseconds UTC
 * @returns what to send, or undefined: there is nothing to do, or somebody else does it
 */
export async function claimDelivery(
  db: D1Database,
  id: number,
  now: number,
): Promise<Consignment | undefined> {
  const values = { id, now, leaseEnd: now + LEASE_MS }
  const [[claimed], [row]] = await runBatch(db, [bind(claim, values), bind(selectConsignment, values)])
  return claimed && row && consignmentOf(id, claimed.attempts, row)
}

function consignmentOf(id: number, attempts: number, row: ConsignmentRow): Consignment {
  const { channel, issuedAt, productName, productWebhookUrl, provider, orderId, line, keys, ...issuance } =
    row
  const isOrdered = provider !== null && orderId !== null && line !== null
  return {
    id,
    attempts,
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

/** Writes down what came of an attempt. It may be written twice, so what the database loses is tried again. */
export async function concludeAttempt(
  db: D1Database,
  { id, attempts }: Consignment,
  { status, result, dueAt }: Conclusion,
  now: number,
): Promise<void> {
  const values = { id, attempts, status, result, dueAt: dueAt ?? null, now }
  await withRetries(
    () => false,
    () => runBatch(db, [bind(conclude, values)]),
  )
}

/** Gives up a delivery, unless it came to an end already. */
export async function abandonDelivery(db: D1Database, id: number, now: number): Promise<void> {
  await runBatch(db, [bind(abandon, { id, now, result: 'gave up' })])
}
