/**
 * What a caller is entitled to, as pieces of SQL that every statement of its batch carries. A refused caller changes
 * nothing and learns nothing but the reason.
 */

/**
 * Whether the caller's address is in a blocked network, or the device it speaks for is blocked. Placeholders:
 * `callerNetworks` (a JSON list) and `deviceIdentifier` (text or null). An empty blocklist costs nothing.
 */
const IS_BLOCKED = `(exists (select 1 from blocklist) and (
  exists (select 1 from json_each(:callerNetworks) as network
    cross join blocklist on blocklist.kind = 'network' and blocklist.value = network.value)
  or exists (select 1 from blocklist where kind = 'identifier' and value = :deviceIdentifier)))`

/** What a caller is: the holder of an API key, or of a contract. */
export interface Authority {
  /** The table that holds its credentials. */
  readonly table: string
  /** Picks the caller's row. */
  readonly isCaller: string
  /** What the caller's issuances and operations are stored under. It keeps idempotency keys of callers apart. */
  readonly source: string
  /** Holds on the row that lets the caller in. Every statement that writes for it carries this. */
  readonly isAllowed: string
  /** Why the caller is refused, or null: on its row, or on the nulls of a left join that found none. */
  readonly refusal: string
}

/**
 * @param unknown the reason for a caller that has no row
 * @param reasons SQL conditions under which a row refuses its caller, with the reason, in the order of the checks
 */
export function authority(
  { table, isCaller, source }: Pick<Authority, 'table' | 'isCaller' | 'source'>,
  unknown: string,
  reasons: readonly (readonly [condition: string, reason: string])[],
): Authority {
  const cases = reasons.map(([condition, reason]) => `when ${condition} then '${reason}'`)
  return {
    table,
    isCaller,
    source,
    isAllowed: [isCaller, ...reasons.map(([condition]) => `not ${condition}`), `not ${IS_BLOCKED}`].join(
      ' and ',
    ),
    refusal: `case when ${IS_BLOCKED} then 'access-denied' when ${table}.id is null then '${unknown}'
      ${cases.join(' ')} end`,
  }
}
