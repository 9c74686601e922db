/**
 * By whose right a batch acts: pieces of SQL that every statement of it carries, because the batch that does the
 * work is also the one that authenticates. A refused caller changes nothing and is told nothing but why.
 */
import type { CallerIds } from '../db/metered.ts'
import { IS_BLOCKED } from './blocklist.ts'

/** What a caller may be: the holder of an API key, or of a contract. */
export interface Authority {
  /** The table that holds its credentials. */
  readonly table: string
  /** Picks the caller's row of it. */
  readonly isCaller: string
  /** What a batch's last row calls the id of the caller's row, null where there is none: `metered` notes it. */
  readonly idName: keyof CallerIds
  /** What the caller's issuances and operations are stored under: what makes its idempotency keys its own. */
  readonly source: string
  /** Holds on the row that lets the caller in. Every statement that writes for it carries this. */
  readonly isAllowed: string
  /** Why the caller is refused, or null, on its row or on the nulls of a left join that has found none. */
  readonly refusal: string
}

/**
 * @param idName whose id the caller's is
 * @param reasons SQL `when ... then ...` for why a row refuses its caller, in the order in which it is looked at
 */
export function authority(
  table: string,
  isCaller: string,
  idName: keyof CallerIds,
  source: string,
  unknown: string,
  reasons: readonly (readonly [condition: string, reason: string])[],
): Authority {
  return {
    table,
    isCaller,
    idName,
    source,
    isAllowed: [isCaller, ...reasons.map(([condition]) => `not ${condition}`), `not ${IS_BLOCKED}`].join(
      ' and ',
    ),
    refusal: `case when ${IS_BLOCKED} then 'access-denied' when ${table}.id is null then '${unknown}'
      ${reasons.map(([condition, reason]) => `when ${condition} then '${reason}'`).join(' ')} end`,
  }
}
