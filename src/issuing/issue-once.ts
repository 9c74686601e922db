/**
 * Runs a batch that issues, again where that helps, and reads what came of it.
 *
 * Guarantees: however often the batch is sent, at most one issuance stands under its idempotency key, provided that
 * it inserts its issuance `on conflict do nothing` and adds keys only to the issuance that carries its own nonce.
 */
import { withNonces } from '../db/retries.ts'
import { isCollision } from './issuance.ts'

/** The last row of a batch that issues. */
export interface IssuanceRow<Refusal extends string> {
  /** Why the caller is refused, whatever else the row says. */
  readonly refusal: Refusal | null
  /** Of the issuance under the idempotency key: null, as all that follows, where there is none. */
  readonly nonce: string | null
  readonly issuedAt: number | null
  /** JSON text; null also where it was issued for another order. */
  readonly keys: string | null
}

export type IssuedOnce<Refusal extends string, Row> =
  | {
      readonly kind: 'issued' | 'replayed'
      /** When it was first issued, in milliseconds UTC. */
      readonly issuedAt: number
      /** JSON text. */
      readonly keys: string
    }
  | { readonly kind: 'refused'; readonly reason: Refusal | 'idempotency-key-reused' }
  /** The caller may issue, but this could not be issued. */
  | { readonly kind: 'not-issued'; readonly row: Row }

/**
 * @param attempt sends the batch with a nonce and license keys of its own, and gives its last row
 * @throws DatabaseUnavailableError: repeating the call with the same idempotency key is safe
 */
export async function issueOnce<Row extends IssuanceRow<string>>(
  attempt: (nonce: string) => Promise<Row | undefined>,
): Promise<IssuedOnce<NonNullable<Row['refusal']>, Row>> {
  const { result: row, isOwn } = await withNonces(attempt, isCollision)
  if (!row) throw new Error('There is one row for every request.')
  const { refusal, nonce, issuedAt, keys } = row
  if (refusal !== null) return { kind: 'refused', reason: refusal as NonNullable<Row['refusal']> }
  if (nonce === null || issuedAt === null) return { kind: 'not-issued', row }
  if (keys === null) return { kind: 'refused', reason: 'idempotency-key-reused' }
  return { kind: isOwn(nonce) ? 'issued' : 'replayed', issuedAt, keys }
}
