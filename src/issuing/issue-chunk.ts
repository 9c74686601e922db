/**
 * Issues the next chunk of a queued order.
 *
 * Guarantees: each chunk is issued once, as a separate issuance, even if consumers race. One batch writes the
 * issuance, its keys and the chunk count. Each chunk checks for obstacles again. If it finds one, the issued
 * chunks are released, and the order is refused.
 */
import { bind, compileText, runBatch, type Statement } from '../db/batch.ts'
import { withRetries } from '../db/retries.ts'
import { generatorId, insertFreshKeys, insertGeneratedKeys, insertIssuances, isCollision } from './inserts.ts'
import { keyMaterialFor } from './key-formats.ts'
import { chunkValues, HAS_LEASE, insertCallback, type QueuedOrder, selectState } from './queued-chunks.ts'
import { countInStock, obstacleTo, takeFromStock } from './stock.ts'

/** The most keys of one transaction. It takes half a second, and its parameter a tenth of D1's limit. */
export const CHUNK_QUANTITY = 5_000

/** Matches the order only while this chunk is its next one. */
const IS_NEXT = `(${HAS_LEASE} and queued_orders.status = 'issuing' and queued_orders.chunks = :chunks)`

/** Matches the issuance of this chunk only if this attempt inserted it. */
const IS_ISSUANCE = `(issuances.source = :source and issuances.idempotency_key = :chunk and issuances.nonce = :nonce)`
const ISSUANCE_ID = `(select issuances.id from issuances where ${IS_ISSUANCE})`

const refuse = compileText(`
  with checked as materialized (
    select ${obstacleTo('queued_orders.origin', 'queued_orders.product_id', ':quantity')} as obstacle,
      issued_quantity + ${countInStock('queued_orders.product_id', ':quantity')} as available
    from queued_orders where ${IS_NEXT})
  update queued_orders set refusal = checked.obstacle, updated_at = :now,
    status = iif(queued_orders.chunks = 0, 'refused', 'releasing'),
    available_quantity = iif(checked.obstacle = 'stock-insufficient', checked.available, null)
  from checked where checked.obstacle is not null and ${IS_NEXT}`)

/** Omits the requested terms for stock, because `setTerms` sets them after the stock terms are stored. */
const insertIssuance = insertIssuances(
  {
    source: ':source',
    idempotencyKey: ':chunk',
    nonce: ':nonce',
    productId: 'queued_orders.product_id',
    quantity: ':quantity',
    ownerName: 'owner_name',
    ownerEmail: 'owner_email',
    reference: 'queued_orders.identifier',
    validityDays: 'coalesce(requested_validity_days, generators.validity_days, 0)',
    activationLimit: 'coalesce(requested_activation_limit, generators.activation_limit, 0)',
    createdAt: ':now',
    origin: 'origin',
    requestedValidityDays: `iif(origin = 'stock', null, requested_validity_days)`,
    requestedActivationLimit: `iif(origin = 'stock', null, requested_activation_limit)`,
  },
  {
    from: `queued_orders left join generators
      on queued_orders.origin = 'generator' and generators.id = ${generatorId('queued_orders.product_id')}`,
    where: IS_NEXT,
  },
)

/** Stores the stock terms of the keys, in case the keys return to stock. */
const storeStockTerms = compileText(`
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

/** A completely issued order does not need the stored terms anymore. */
const deleteStockTerms = compileText(`
  delete from terms_in_stock where issuance_id in (select issuances.id from queued_orders
    cross join issuances on issuances.source = :source where ${HAS_LEASE} and status = 'issued')`)

const fresh = [insertFreshKeys(IS_ISSUANCE)]
const fromGenerator = [insertGeneratedKeys(IS_ISSUANCE)]
const fromStock = [takeFromStock(IS_ISSUANCE)]
const fromStockOnOtherTerms = [...fromStock, storeStockTerms, setIssuanceTerms, setTerms]

/**
 * @param order with the status `issuing`
 * @param quantityMax the most keys of one chunk
 * @returns the order after the batch, even if another consumer has claimed it
 */
export async function issueChunk(
  db: D1Database,
  order: QueuedOrder,
  now: number,
  quantityMax: number,
): Promise<QueuedOrder | undefined> {
  const quantity = Math.min(quantityMax, order.quantity - order.issuedQuantity)
  const common = { ...chunkValues(order, order.chunks, now), quantity }
  const rows = await withRetries(() => {
    // If an earlier attempt was committed but its response was lost, this chunk is not the next one anymore.
    const values = { ...common, nonce: crypto.randomUUID(), material: keyMaterialFor(order.origin, quantity) }
    const writes = [refuse, insertIssuance, ...insertKeys(order), advance, deleteStockTerms, insertCallback]
    return runBatch(db, [...writes.map((statement) => bind(statement, values)), bind(selectState, values)])
  }, isCollision)
  return rows.at(-1)?.[0] as QueuedOrder | undefined
}

/** The statements that insert the keys or take them from stock. */
function insertKeys(order: QueuedOrder): readonly Statement<never>[] {
  const { origin, requestedValidityDays, requestedActivationLimit } = order
  if (origin === 'fresh') return fresh
  if (origin === 'generator') return fromGenerator
  return requestedValidityDays === null && requestedActivationLimit === null
    ? fromStock
    : fromStockOnOtherTerms
}
