/**
 * Releases the chunks of a queued order that cannot be issued completely, from the last to the first. New
 * keys are deleted. Keys from stock return to stock with their original terms.
 *
 * Guarantees: each chunk is released once, even if consumers race. After the last release, the order is
 * refused. The shop never received these keys, so they are not stored as issued.
 */
import { bind, compileText, runBatch, type Statement } from '../db/batch.ts'
import { withRetries } from '../db/retries.ts'
import { chunkValues, HAS_LEASE, insertCallback, type QueuedOrder, selectState } from './queued-chunks.ts'

/** Matches the order only while this chunk is the next to be released. */
const IS_NEXT = `(${HAS_LEASE} and queued_orders.status = 'releasing' and queued_orders.chunks = :chunks)`

/** The issuance of the chunk, or null if the chunk is not the next one. */
const ISSUANCE_ID = `(select issuances.id from queued_orders cross join issuances
  on issuances.source = :source and issuances.idempotency_key = :chunk where ${IS_NEXT})`

/** Keys that an operator has blocked in the meantime do not change. */
const IS_RELEASED = `license_keys.issuance_id = ${ISSUANCE_ID} and license_keys.status = 'assigned'`

const restoreTerms = compileText(`
  update license_keys set activation_limit = stock.activation_limit, validity_days = stock.validity_days
  from (
    select terms.value ->> 0 as id, terms.value ->> 1 as activation_limit, terms.value ->> 2 as validity_days
    from terms_in_stock cross join json_each(terms_in_stock.terms) as terms
    where terms_in_stock.issuance_id = ${ISSUANCE_ID}) as stock
  where license_keys.id = stock.id and ${IS_RELEASED}`)

const deleteStockTerms = compileText(`delete from terms_in_stock where issuance_id = ${ISSUANCE_ID}`)

/** An activation from before the release must not count for the next owner. */
const deactivate = compileText(`
  delete from activations where license_key_id in (select license_keys.id from license_keys where ${IS_RELEASED})`)

const returnToStock = compileText(`
  update license_keys set status = 'available', owner_name = null, owner_email = null, assigned_at = null,
    contract_id = null, issuance_id = null, updated_at = :now
  where ${IS_RELEASED}`)

const deleteKeys = compileText(`delete from license_keys where issuance_id = ${ISSUANCE_ID}`)

const decrementChunks = compileText(`
  update queued_orders set chunks = chunks - 1, due_at = :leaseEnd, updated_at = :now,
    issued_quantity = issued_quantity - (select issuances.quantity from issuances where issuances.id = ${ISSUANCE_ID}),
    status = iif(chunks = 1, 'refused', 'releasing')
  where ${IS_NEXT}`)

const TO_STOCK: readonly Statement<never>[] = [restoreTerms, deleteStockTerms, deactivate, returnToStock]

/**
 * @param order with the status `releasing`
 * @returns the order after the batch, even if another consumer has claimed it
 */
export async function releaseChunk(
  db: D1Database,
  order: QueuedOrder,
  now: number,
): Promise<QueuedOrder | undefined> {
  const values = chunkValues(order, order.chunks - 1, now)
  const release = order.origin === 'stock' ? TO_STOCK : [deleteKeys]
  const rows = await withRetries(() =>
    runBatch(db, [
      ...[...release, decrementChunks, insertCallback].map((statement) => bind(statement, values)),
      bind(selectState, values),
    ]),
  )
  return rows.at(-1)?.[0] as QueuedOrder | undefined
}
