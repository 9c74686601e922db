/**
 * Takes an order that the queue will issue.
 *
 * Guarantees: an idempotency key makes one order at most, whatever arrives twice or at the same time; a caller that
 * is refused changes nothing and is told nothing; what can be known at once to be impossible is not taken. One D1
 * batch, whatever the quantity.
 */
import { API_CALLER, type ApiCaller, type CallerRefusal, callerValues } from '../callers/api-keys.ts'
import { bind, compileText, runBatch } from '../db/batch.ts'
import { withNonces } from '../db/retries.ts'
import type { Obstacle, Origin } from '../db/schema/index.ts'
import type { Settings } from '../env.ts'
import { enqueue, requireQueue } from '../queue/enqueue.ts'
import { countInStock } from './key-sources.ts'
import { obstacleTo } from './obstacles.ts'

/** The most license keys of one order: what is told of them is still a body that one isolate can build. */
export const QUEUED_QUANTITY_LIMIT = 100_000

/** What is asked for. The ranges are the endpoint's; the database checks them once more. */
export interface QueuedOrder {
  readonly productId: number
  /** 1 to `QUEUED_QUANTITY_LIMIT`. */
  readonly quantity: number
  readonly ownerName: string
  readonly ownerEmail: string
  readonly origin: Origin
  /** null: those of the generator, or of each key in stock. Never null for fresh keys. */
  readonly validityDays: number | null
  readonly activationLimit: number | null
  /** The caller's own name for it; null: it has none. */
  readonly identifier: string | null
  /** Where the keys are told: 1 to 2048 characters. */
  readonly webhookUrl: string
}

export type QueueOutcome =
  | {
      readonly kind: 'queued' | 'replayed'
      /** When it was first taken, in milliseconds UTC. */
      readonly queuedAt: number
    }
  | {
      readonly kind: 'impossible'
      readonly obstacle: Obstacle
      /** Of a product whose stock does not suffice. */
      readonly availableQuantity: number
    }
  | { readonly kind: 'refused'; readonly reason: CallerRefusal | 'idempotency-key-reused' }

interface OutcomeRow {
  readonly refusal: CallerRefusal | null
  readonly id: number | null
  readonly nonce: string | null
  readonly queuedAt: number
  readonly isSame: 0 | 1
  readonly obstacle: Obstacle | null
  readonly availableQuantity: number | null
}

const OBSTACLE = obstacleTo(':origin', ':productId', ':quantity')

const insertOrder = compileText(`
  insert into queued_orders (source, idempotency_key, nonce, product_id, quantity, owner_name, owner_email, origin,
    requested_validity_days, requested_activation_limit, identifier, webhook_url, status, due_at, created_at,
    updated_at)
  select ${API_CALLER.source}, :idempotencyKey, :nonce, :productId, :quantity, :ownerName, :ownerEmail, :origin,
    :validityDays, :activationLimit, :identifier, :webhookUrl, 'issuing', :now, :now, :now
  from api_keys where ${API_CALLER.isAllowed} and ${OBSTACLE} is null
  on conflict do nothing`)

/** One row, whatever happened; what stands in the way only where nothing was taken from a caller who may ask. */
const selectOutcome = compileText<OutcomeRow>(`
  select outcome.*, case when isOpen then ${OBSTACLE} end as obstacle,
    case when isOpen and :origin = 'stock' then ${countInStock(':productId', ':quantity')} end as availableQuantity
  from (
    select ${API_CALLER.refusal} as refusal, api_keys.id as ${API_CALLER.idName}, queued_orders.id as id, queued_orders.nonce as nonce,
      queued_orders.created_at as queuedAt,
      queued_orders.product_id = :productId and queued_orders.quantity = :quantity
        and queued_orders.owner_name = :ownerName and queued_orders.owner_email = :ownerEmail
        and queued_orders.origin = :origin and queued_orders.requested_validity_days is :validityDays
        and queued_orders.requested_activation_limit is :activationLimit
        and queued_orders.identifier is :identifier and queued_orders.webhook_url = :webhookUrl as isSame,
      queued_orders.id is null and ${API_CALLER.refusal} is null as isOpen
    from (select 1) as request left join api_keys on ${API_CALLER.isCaller}
    left join queued_orders on queued_orders.source = ${API_CALLER.source}
      and queued_orders.idempotency_key = :idempotencyKey) as outcome`)

/**
 * Takes the order and wakes the consumer, or finds that it was taken before.
 *
 * @param caller who asks
 * @param idempotencyKey 1 to 255 visible ASCII characters, the caller's own; undefined: the order is new
 * @param now milliseconds UTC
 * @throws SettingError where no queue is bound: nothing is written
 * @throws DatabaseUnavailableError: repeating the call with the same idempotency key is safe
 */
export async function queueOrder(
  settings: Settings,
  caller: ApiCaller,
  order: QueuedOrder,
  idempotencyKey: string | undefined,
  now: number,
): Promise<QueueOutcome> {
  requireQueue(settings)
  const key = idempotencyKey ?? crypto.randomUUID()
  const { result, isOwn } = await withNonces((nonce) => {
    const values = { ...callerValues(caller), ...order, idempotencyKey: key, nonce, now }
    return runBatch(settings.db, [bind(insertOrder, values), bind(selectOutcome, values)])
  })
  const [, [row]] = result
  if (!row) throw new Error('There is one row for every request.')
  if (row.refusal !== null) return { kind: 'refused', reason: row.refusal }
  if (row.obstacle !== null) {
    return { kind: 'impossible', obstacle: row.obstacle, availableQuantity: row.availableQuantity ?? 0 }
  }
  if (row.id === null || row.nonce === null) throw new Error('What nothing stands in the way of is an order.')
  if (!row.isSame) return { kind: 'refused', reason: 'idempotency-key-reused' }
  // For a replay too: whoever took the order may have died before it said so.
  await enqueue(settings, [{ kind: 'queued-order', id: row.id }])
  return { kind: isOwn(row.nonce) ? 'queued' : 'replayed', queuedAt: row.queuedAt }
}
