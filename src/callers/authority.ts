/**
 * A caller's rights, as SQL fragments for every statement of its batch. A refused caller changes nothing and
 * learns only the reason.
 */

/**
 * Whether the caller's address is in a blocked network, or its device is blocked. Placeholders:
 * `callerNetworks` (a JSON array) and `deviceIdentifier` (text or null). With an empty blocklist the check
 * reads no rows.
 */
const IS_BLOCKED = `(exists (select 1 from blocklist) and (
  exists (select 1 from json_each(:callerNetworks) as network
    cross join blocklist on blocklist.kind = 'network' and blocklist.value = network.value)
  or exists (select 1 from blocklist where kind = 'identifier' and value = :deviceIdentifier)))`

type Reason = readonly [condition: string, reason: string]

/** How callers of one kind are found and authorized: API keys or contracts. */
export interface Authority {
  /** The table of their credentials. */
  readonly table: string
  readonly isCaller: string
  /** The `source` of the caller's issuances and operations. It separates the idempotency keys of callers. */
  readonly source: string
  /** True for the row of an authorized caller. Every statement that writes for the caller includes it. */
  readonly isAllowed: string
  /** Why the caller is refused, or null. Works on the caller's row and on a left join that found no row. */
  readonly refusal: string
  /** When a caller that is refused for a time may call again, in milliseconds UTC, or null. */
  readonly retryAt: string
  /** The role of an operator. null for other callers. */
  readonly role: string
}

type CallerSql = Pick<Authority, 'table' | 'isCaller' | 'source'> &
  Partial<Pick<Authority, 'retryAt' | 'role'>>

/**
 * @param unknown the reason for refusing a caller without a row
 * @param reasons SQL conditions that refuse a caller, each with its reason, in the order of the checks
 * @param reasonsForAll the same for conditions that do not depend on the caller's row. They are checked first
 */
export function authority(
  caller: CallerSql,
  unknown: string,
  reasons: readonly Reason[],
  reasonsForAll: readonly Reason[] = [],
): Authority {
  return authorityWithoutBlocklist(caller, unknown, reasons, [
    ...reasonsForAll,
    [IS_BLOCKED, 'access-denied'],
  ])
}

/** For callers who must be able to correct the blocklist. */
export function authorityWithoutBlocklist(
  caller: CallerSql,
  unknown: string,
  reasons: readonly Reason[],
  reasonsForAll: readonly Reason[] = [],
): Authority {
  const refusals: readonly Reason[] = [
    ...reasonsForAll,
    [`(${caller.table}.id is null)`, unknown],
    ...reasons,
  ]
  return {
    retryAt: 'null',
    role: 'null',
    ...caller,
    isAllowed: [caller.isCaller, ...refusals.map(([condition]) => `not ${condition}`)].join(' and '),
    refusal: `case ${refusals.map(([condition, reason]) => `when ${condition} then '${reason}'`).join(' ')} end`,
  }
}
