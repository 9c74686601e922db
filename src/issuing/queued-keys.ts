/** The keys of a queued order as they were issued, a chunk at a time: all of them at once are too much to hold. */
import { bind, compileText, runBatch } from '../db/batch.ts'
import { withRetries } from '../db/retries.ts'
import { KEYS_AS_ISSUED, type KeyAsIssued, keysAsIssued } from './as-issued.ts'
import { chunkSource } from './issue-chunk.ts'

export interface IssuedChunk {
  /** Milliseconds UTC. */
  readonly issuedAt: number
  /** By ascending id. */
  readonly keys: readonly KeyAsIssued[]
}

const selectChunk = compileText<{ issuedAt: number; keys: string }>(`
  select created_at as issuedAt, ${KEYS_AS_ISSUED} as keys from issuances
  where source = :source and idempotency_key = :chunk`)

/** @param chunk from 0 */
export async function readChunk(db: D1Database, orderId: number, chunk: number): Promise<IssuedChunk> {
  const values = { source: chunkSource(orderId), chunk: String(chunk) }
  const [[row]] = await withRetries(() => runBatch(db, [bind(selectChunk, values)]))
  if (!row) throw new Error('Every chunk of an issued order is an issuance.')
  return { issuedAt: row.issuedAt, keys: keysAsIssued(row.keys) }
}
