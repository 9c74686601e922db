/**
 * License keys as they were issued. A replay of an issuance repeats the first answer, so a statement that changes or
 * deletes an issued key first stores how it was, in the same batch.
 */

import type { KeyAsIssued } from '../protocol/license-key-object.ts'

/**
 * SQL that stores how keys were issued, once: the first change after the issuance counts.
 *
 * @param which SQL, a condition on `license_keys`
 */
export function keepAsIssued(which: string): string {
  return `insert into license_keys_as_issued
      (issuance_id, license_key_id, license_key, activation_limit, validity_days, created_at)
    select issuance_id, id, license_key, activation_limit, validity_days, created_at from license_keys
    where issuance_id is not null and (${which}) on conflict do nothing`
}

/**
 * SQL, an expression: the keys of the row of `issuances` in scope, as one JSON text. A row for each key would cost D1
 * and the Worker more than everything else they do for it.
 *
 * @param columns what it holds of each key
 */
function keysJson(columns: string): string {
  return `case
    when not exists (select 1 from license_keys_as_issued where issuance_id = issuances.id)
    then (select json_group_array(json_array(${columns})) from license_keys where issuance_id = issuances.id)
    else (select json_group_array(json_array(${columns})) from (
      select id, license_key, activation_limit, validity_days, created_at from license_keys
      where issuance_id = issuances.id and not exists (select 1 from license_keys_as_issued as kept
        where kept.issuance_id = issuances.id and kept.license_key_id = license_keys.id)
      union all
      select license_key_id, license_key, activation_limit, validity_days, created_at from license_keys_as_issued
      where license_keys_as_issued.issuance_id = issuances.id)) end`
}

/** The keys as a list of `KeyAsIssued`. */
export const KEYS_AS_ISSUED = keysJson('id, license_key, activation_limit, validity_days, created_at')

/** The keys of an order for fresh keys, `[id, license key]` each: the order itself says everything else. */
export const FRESH_KEYS_AS_ISSUED = keysJson('id, license_key')

/** @returns the keys of such a text by ascending id: SQLite promises no order of what it gathers */
export function keysAsIssued<Key extends readonly [id: number, ...unknown[]] = KeyAsIssued>(
  text: string,
): Key[] {
  return (JSON.parse(text) as Key[]).sort(([one], [other]) => one - other)
}

/** What a batch that issues reads back of the issuance under its idempotency key. */
export interface IssuedRow {
  /** null, as all that follows, where there is no issuance. */
  readonly nonce: string | null
  /** Milliseconds UTC. */
  readonly issuedAt: number | null
  /** JSON text, as `keysAsIssued` reads it; null also where it was issued for another order. */
  readonly keys: string | null
}

/**
 * SQL: the columns of an `IssuedRow`.
 *
 * @param isSameOrder SQL, a condition on the row of `issuances` in scope
 */
export function issuedColumns(isSameOrder: string, keys: string = KEYS_AS_ISSUED): string {
  return `issuances.nonce as nonce, issuances.created_at as issuedAt,
    case when ${isSameOrder} then ${keys} end as keys`
}
