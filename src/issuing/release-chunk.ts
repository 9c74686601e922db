/**
 * Releases the chunks of a queued order, one by one from the last: the order cannot be issued whole, and nobody has
 * been told about it. Keys that were made for it are deleted; keys from the stock go back to it, on their former terms.
 *
 * Guarantees: each chunk is released once, however many consumers try. The last one ends the order as refused.
 *
 * How the keys were issued is not stored here, as it is wherever else issued keys change: no answer ever repeats it.
 */
import { bind, compileText, runBatch, type Statement } from '../db/batch.ts'
import { withRetries } from '../db/retries.ts'
import { chunkValues, IS_MINE, insertCallback, type QueuedOrderState, selectState } from './queued-chunks.ts'

/** The order, as long as this very chunk of it is the next to be released. */
const IS_NEXT = `(${IS_MINE} and queued_orders.status = 'releasing' and queued_orders.chunks = :chunks)`

/** The chunk's issuance, or nothing where the chunk is not the next one. */
const ISSUANCE_ID = `(select issuances.id from queued_orders cross join issuances
  on issuances.source = :source and issuances.idempotency_key = :chunk where ${IS_NEXT})`

/** A key that a person has blocked meanwhile stays as it is. */
const IS_RELEASED = `license_keys.issuance_id = ${ISSUANCE_ID} and license_keys.status = 'assigned'`

const restoreTerms = compileText(`
  update license_keys set activation_limit = kept.activation_limit, validity_days = kept.validity_days
  from (
    select terms.value ->> 0 as id, terms.value ->> 1 as activation_limit, terms.value ->> 2 as validity_days
    from terms_in_stock cross join json_each(terms_in_stock.terms) as terms
    where terms_in_stock.issuance_id = ${ISSUANCE_ID}) as kept
  where license_keys.id = kept.id and ${IS_RELEASED}`)

const forgetTerms = compileText(`delete from terms_in_stock where issuance_id = ${ISSUANCE_ID}`)

/** Somebody who knew a key of the stock may have activated it. That is no activation of its next owner. */
const deactivate = compileText(`
  delete from activations where license_key_id in (select license_keys.id from license_keys where ${IS_RELEASED})`)

const giveBack = compileText(`
  update license_keys set status = 'available', owner_name = null, owner_email = null, assigned_at = null,
    contract_id = null, issuance_id = null, updated_at = :now
  where ${IS_RELEASED}`)

const deleteKeys = compileText(`delete from license_keys where issuance_id = ${ISSUANCE_ID}`)

const goBack = compileText(`
  update queued_orders set chunks = chunks - 1, due_at = :leaseEnd, updated_at = :now,
    issued_quantity = issued_quantity - (select issuances.quantity from issuances where issuances.id = ${ISSUANCE_ID}),
    status = iif(chunks = 1, 'refused', 'releasing')
  where ${IS_NEXT}`)

const TO_STOCK: readonly Statement<never>[] = [restoreTerms, forgetTerms, deactivate, giveBack]

/**
 * @param order as it stands; it is being released
 * @returns the order as it stands then, also where another consumer has taken it up
 */
export async function releaseChunk(
  db: D1Database,
  order: QueuedOrderState,
  now: number,
): Promise<QueuedOrderState | undefined> {
  const values = chunkValues(order, order.chunks - 1, now)
  const release = order.origin === 'stock' ? TO_STOCK : [deleteKeys]
  const rows = await withRetries(() =>
    runBatch(db, [
      ...[...release, goBack, insertCallback].map((statement) => bind(statement, values)),
      bind(selectState, values),
    ]),
  )
  return rows.at(-1)?.[0] as QueuedOrderState | undefined
}
