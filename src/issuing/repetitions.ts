/**
 * Recognizes an order that a client sends again after a timeout, without an `Idempotency-Key`.
 *
 * The WooCommerce plugin waits 5 seconds for an answer and then sends the same bytes again, up to 15 times. Two
 * equal items of one order have equal bytes too, but the plugin sends the second one after the first was answered.
 *
 * Guarantees: an order with an identifier repeats an earlier equal one of the same caller if it arrives 5 to 120
 * seconds after it, and the earlier one was not committed within 5 seconds of its arrival. It then has the same
 * idempotency key, whichever of the two is committed first. Otherwise it is a new order.
 *
 * Placeholders: `fingerprint`, `idempotencyKey` (a new one, the same in each attempt of one request), `now` (when the
 * request arrived), and those of the authority.
 */
import { PRODUCT_AUTHORITY } from '../callers/api-keys.ts'
import { bind, compileText, PIECE_ROWS, runInPieces } from '../db/batch.ts'
import { sha256HexOfText } from '../platform/hash.ts'
import { DAY_MILLISECONDS } from '../protocol/dates.ts'

const TIMEOUT_MS = 5_000
const REPETITION_MS_MAX = 120_000

/** The database's clock, in milliseconds UTC: when the transaction runs, not when its request arrived. */
const COMMITTED_AT = `cast(unixepoch('now', 'subsec') * 1000 as integer)`

/** @param between SQL: how much later the later of two orders arrived */
function isRepetition(between: string, earlierArrivedAt: string, earlierCommittedAt: string): string {
  return `(${between} between ${TIMEOUT_MS} and ${REPETITION_MS_MAX}
    and ${earlierCommittedAt} - ${earlierArrivedAt} > ${TIMEOUT_MS})`
}

/** The earlier order may also be committed after the later one. */
const IS_REPETITION = `(
  ${isRepetition('excluded.arrived_at - order_attempts.arrived_at', 'order_attempts.arrived_at', 'order_attempts.committed_at')}
  or ${isRepetition('order_attempts.arrived_at - excluded.arrived_at', 'excluded.arrived_at', 'excluded.committed_at')})`

/** Runs before the order is written. One row holds the latest attempt of equal orders. */
export const recordAttempt = compileText(`
insert into order_attempts (fingerprint, idempotency_key, arrived_at, committed_at)
select :fingerprint, :idempotencyKey, :now, ${COMMITTED_AT} from api_keys where ${PRODUCT_AUTHORITY.isAllowed}
on conflict (fingerprint) do update set
  idempotency_key = iif(${IS_REPETITION}, order_attempts.idempotency_key, excluded.idempotency_key),
  arrived_at = max(order_attempts.arrived_at, excluded.arrived_at),
  committed_at = iif(excluded.arrived_at >= order_attempts.arrived_at, excluded.committed_at, order_attempts.committed_at)`)

/** SQL: the idempotency key of the attempt, or null if its caller is not allowed. */
export const KEY_OF_ATTEMPT = `(select order_attempts.idempotency_key from order_attempts
  where order_attempts.fingerprint = :fingerprint)`

/** @param order everything that must be equal, including the shop's identifier */
export function fingerprintOf(caller: Readonly<Record<string, unknown>>, order: object): Promise<string> {
  return sha256HexOfText(JSON.stringify([caller.apiKeyHash, order]))
}

const deleteOld = compileText(`
delete from order_attempts where fingerprint in (
  select fingerprint from order_attempts where arrived_at < :before limit ${PIECE_ROWS}) returning fingerprint`)

/** Deletes attempts that nothing can repeat any more. */
export async function deleteOldAttempts(db: D1Database, now: number): Promise<void> {
  await runInPieces(db, bind(deleteOld, { before: now - DAY_MILLISECONDS }))
}
