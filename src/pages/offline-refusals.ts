/**
 * The limit of the page /offline: an address is refused at most ten times in an hour. Then it gets no answer about any
 * license key, so that license keys cannot be guessed. The database counts, because the limiters of Cloudflare know only
 * periods of 10 and 60 seconds.
 *
 * Placeholders: `addressHash`, which is null for an address that is not counted, `idempotencyKey` and `now`.
 */
import { addressOf } from '../callers/networks.ts'
import { bind, compileDeleteOldest, runInPieces } from '../db/batch.ts'
import { countedAddress } from '../http/limits.ts'
import { sha256HexOfText } from '../platform/hash.ts'
import type { Bindings } from '../platform/settings.ts'

const REFUSALS_MAX = 10
const PERIOD_MS = 3_600_000

/** The refusals that count, without that of this request: a batch whose answer was lost is repeated. */
const COUNTED = `from offline_refusals where address_hash = :addressHash and refused_at > :now - ${PERIOD_MS}
  and request <> :idempotencyKey`

/** An SQL condition: the address was refused too often. */
export const IS_LIMIT_REACHED = `((select count(*) ${COUNTED}) >= ${REFUSALS_MAX})`

/** An SQL expression: when the address may try again, or null if it may now. */
export const RETRY_AT = `(select min(refused_at) + ${PERIOD_MS} ${COUNTED} having count(*) >= ${REFUSALS_MAX})`

/** @param isRefused an SQL condition */
export function countRefusal(isRefused: string): string {
  return `insert into offline_refusals (address_hash, request, refused_at) select :addressHash, :idempotencyKey, :now
    where :addressHash is not null and ${isRefused} and not ${IS_LIMIT_REACHED} on conflict do nothing`
}

/** The value of `addressHash`. */
export async function addressHashOf(env: Bindings, request: Request): Promise<string | null> {
  const address = countedAddress(env, addressOf(request))
  return address === null ? null : sha256HexOfText(address)
}

const deleteOldest = compileDeleteOldest('offline_refusals', 'refused_at <= :before')

/**
 * Deletes refusals that no longer count.
 *
 * @param now milliseconds UTC
 */
export async function deleteOldRefusals(db: D1Database, now: number): Promise<void> {
  await runInPieces(db, bind(deleteOldest, { before: now - PERIOD_MS }))
}
