/**
 * Issues the next chunk of a queued order.
 *
 * Guarantees: each chunk is issued once, as an issuance of its own, whoever tries how often; the issuance, its keys
 * and the count of chunks are written, or none. What stands in the way is looked at again for each chunk: the order
 * is then refused, at once or after what it was given has been taken back.
 */
import { bind, compileText, runBatch, type Statement } from '../db/batch.ts'
import { withRetries } from '../db/retries.ts'
import { isCollision } from './issuance.ts'
import { freshMaterial } from './key-formats.ts'
import {
  countInStock,
  generatorOf,
  insertFreshKeys,
  insertGeneratedKeys,
  takeFromStock,
} from './key-sources.ts'
import { obstacleTo } from './obstacles.ts'
import {
  IS_MINE,
  insertCallback,
  leaseEnd,
  type QueuedOrderState,
  selectState,
} from './queued-order-state.ts'

/** As many keys are written in one transaction: half a second's work, and a tenth of what one parameter may hold. */
export const CHUNK_QUANTITY = 5_000

/** The order, as long as this very chunk of it is the next one. */
const IS_NEXT = `(${IS_MINE} and queued_orders.status = 'issuing' and queued_orders.chunks = :chunks)`

/** What was issued for this chunk by this very attempt. */
const IS_ISSUANCE = `(issuances.source = :source and issuances.idempotency_key = :chunk and issuances.nonce = :nonce)`
const ISSUANCE_ID = `(select issuances.id from issuances where ${IS_ISSUANCE})`

const refuse = compileText(`
  with met as materialized (
    select ${obstacleTo('queued_orders.origin', 'queued_orders.product_id', ':quantity')} as obstacle,
      issued_quantity + ${countInStock('queued_orders.product_id', ':quantity')} as available
    from queued_orders where ${IS_NEXT})
  update queued_orders set refusal = met.obstacle, updated_at = :now,
    status = iif(queued_orders.chunks = 0, 'refused', 'releasing'),
    available_quantity = iif(met.obstacle = 'stock-insufficient', met.available, null)
  from met where met.obstacle is not null and ${IS_NEXT}`)

const insertIssuance = compileText(`
  insert into issuances (source, idempotency_key, nonce, product_id, quantity, owner_name, owner_email,
    validity_days, activation_limit, created_at, origin, requested_validity_days, requested_activation_limit)
  select :source, :chunk, :nonce, queued_orders.product_id, :quantity, owner_name, owner_email,
    coalesce(requested_validity_days, generators.validity_days, 0),
    coalesce(requested_activation_limit, generators.activation_limit, 0),
    :now, origin,
    iif(origin = 'stock', null, requested_validity_days), iif(origin = 'stock', null, requested_activation_limit)
  from queued_orders left join generators
    on queued_orders.origin = 'generator' and generators.id = ${generatorOf('queued_orders.product_id')}
  where ${IS_NEXT}`)

/** Keys in stock are taken on their own terms first: those are kept, for the case that the keys go back. */
const keepTerms = compileText(`
  insert into terms_in_stock (issuance_id, terms)
  select id, (select json_group_array(json_array(license_keys.id, activation_limit, validity_days))
    from license_keys where license_keys.issuance_id = issuances.id)
  from issuances where ${IS_ISSUANCE}`)

const setIssuanceTerms = compileText(`
  update issuances set requested_validity_days = :requestedValidityDays,
    requested_activation_limit = :requestedActivationLimit where ${IS_ISSUANCE}`)

const setTerms = compileText(`
  update license_keys set validity_days = coalesce(:requestedValidityDays, validity_days),
    activation_limit = coalesce(:requestedActivationLimit, activation_limit)
  where issuance_id = ${ISSUANCE_ID}`)

const advance = compileText(`
  update queued_orders set chunks = chunks + 1, issued_quantity = issued_quantity + :quantity, due_at = :leaseEnd,
    updated_at = :now, status = iif(issued_quantity + :quantity = quantity, 'issued', 'issuing')
  where ${IS_NEXT} and ${ISSUANCE_ID} is not null`)

/** What the keys may go back on is of no use to an order that is issued whole. */
const forgetTerms = compileText(`
  delete from terms_in_stock where issuance_id in (select issuances.id from queued_orders
    cross join issuances on issuances.source = :source where ${IS_MINE} and status = 'issued')`)

const fresh = [compileText(insertFreshKeys(IS_ISSUANCE))]
const fromGenerator = [compileText(insertGeneratedKeys(IS_ISSUANCE))]
const fromStock = [compileText(takeFromStock(IS_ISSUANCE))]
const fromStockOnOtherTerms = [...fromStock, keepTerms, setIssuanceTerms, setTerms]

/** @returns the source of the issuances of an order */
export function chunkSource(orderId: number): string {
  return `queued:${orderId}`
}

/**
 * @param order as it stands; it is being issued
 * @param now milliseconds UTC
 * @param quantityMax the most keys in one chunk
 * @returns the order as it stands then, also where somebody else has taken it up
 * @throws DatabaseUnavailableError: repeating the call is safe
 */
export async function issueChunk(
  db: D1Database,
  order: QueuedOrderState,
  now: number,
  quantityMax: number,
): Promise<QueuedOrderState | undefined> {
  const quantity = Math.min(quantityMax, order.quantity - order.issuedQuantity)
  const common = {
    ...order,
    quantity,
    source: chunkSource(order.id),
    chunk: String(order.chunks),
    now,
    leaseEnd: leaseEnd(now),
  }
  const rows = await withRetries(() => {
    // Where the attempt before was committed and its answer lost, this chunk is the next one no more.
    const values = { ...common, nonce: crypto.randomUUID(), material: materialFor(order, quantity) }
    const writes = [refuse, insertIssuance, ...keysOf(order), advance, forgetTerms, insertCallback]
    return runBatch(db, [...writes.map((statement) => bind(statement, values)), bind(selectState, values)])
  }, isCollision)
  return rows.at(-1)?.[0] as QueuedOrderState | undefined
}

/** As the statements of the order's origin read it, a JSON text. */
function materialFor({ origin }: QueuedOrderState, quantity: number): string {
  if (origin === 'generator') return freshMaterial(quantity)
  return origin === 'fresh'
    ? JSON.stringify(Array.from({ length: quantity }, () => crypto.randomUUID()))
    : '[]'
}

/** The statements that give the issuance its keys. */
function keysOf(order: QueuedOrderState): readonly Statement<never>[] {
  const { origin, requestedValidityDays, requestedActivationLimit } = order
  if (origin === 'fresh') return fresh
  if (origin === 'generator') return fromGenerator
  return requestedValidityDays === null && requestedActivationLimit === null
    ? fromStock
    : fromStockOnOtherTerms
}
