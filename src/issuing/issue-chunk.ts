/**
 * Issues the next chunk of a queued order.
 *
 * Guarantees: each chunk is issued once, as an issuance of its own, however many consumers try. The issuance, its keys
 * and the count of chunks are written, or nothing. Obstacles are looked for again for each chunk: the order is then
 * refused, at once or after the chunks it already has were released.
 */
import { bind, compileText, runBatch, type Statement } from '../db/batch.ts'
import { withRetries } from '../db/retries.ts'
import { generatorOf, insertFreshKeys, insertGeneratedKeys, insertIssuances, isCollision } from './inserts.ts'
import { materialFor } from './key-formats.ts'
import { chunkValues, IS_MINE, insertCallback, type QueuedOrderState, selectState } from './queued-chunks.ts'
import { countInStock, obstacleTo, takeFromStock } from './stock.ts'

/** The keys of one transaction: half a second of work, and a tenth of what one parameter may hold. */
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

/** An issuance says on which terms its keys were ordered, but for stock, whose keys get other terms after they are taken. */
const insertIssuance = insertIssuances(
  {
    source: ':source',
    idempotencyKey: ':chunk',
    nonce: ':nonce',
    productId: 'queued_orders.product_id',
    quantity: ':quantity',
    ownerName: 'owner_name',
    ownerEmail: 'owner_email',
    validityDays: 'coalesce(requested_validity_days, generators.validity_days, 0)',
    activationLimit: 'coalesce(requested_activation_limit, generators.activation_limit, 0)',
    createdAt: ':now',
    origin: 'origin',
    requestedValidityDays: `iif(origin = 'stock', null, requested_validity_days)`,
    requestedActivationLimit: `iif(origin = 'stock', null, requested_activation_limit)`,
  },
  {
    from: `queued_orders left join generators
      on queued_orders.origin = 'generator' and generators.id = ${generatorOf('queued_orders.product_id')}`,
    where: IS_NEXT,
  },
)

/** Keys in stock are taken on their own terms first. These are stored, in case the keys go back. */
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

/** The stored terms are of no use to an order that is issued whole. */
const forgetTerms = compileText(`
  delete from terms_in_stock where issuance_id in (select issuances.id from queued_orders
    cross join issuances on issuances.source = :source where ${IS_MINE} and status = 'issued')`)

const fresh = [insertFreshKeys(IS_ISSUANCE)]
const fromGenerator = [insertGeneratedKeys(IS_ISSUANCE)]
const fromStock = [takeFromStock(IS_ISSUANCE)]
const fromStockOnOtherTerms = [...fromStock, keepTerms, setIssuanceTerms, setTerms]

/**
 * @param order as it stands; it is being issued
 * @param quantityMax the most keys in one chunk
 * @returns the order as it stands then, also where another consumer has taken it up
 */
export async function issueChunk(
  db: D1Database,
  order: QueuedOrderState,
  now: number,
  quantityMax: number,
): Promise<QueuedOrderState | undefined> {
  const quantity = Math.min(quantityMax, order.quantity - order.issuedQuantity)
  const common = { ...chunkValues(order, order.chunks, now), quantity }
  const rows = await withRetries(() => {
    // If the previous attempt was committed and its answer lost, this chunk is no longer the next one.
    const values = { ...common, nonce: crypto.randomUUID(), material: materialFor(order.origin, quantity) }
    const writes = [refuse, insertIssuance, ...keysOf(order), advance, forgetTerms, insertCallback]
    return runBatch(db, [...writes.map((statement) => bind(statement, values)), bind(selectState, values)])
  }, isCollision)
  return rows.at(-1)?.[0] as QueuedOrderState | undefined
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
