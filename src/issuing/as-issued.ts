/**
 * License keys as they were issued. A replay of an issuance tells what it told at first, so whoever changes or
 * deletes a key that was issued keeps how it was, in the same batch and before.
 */

/** A key as it was issued. Instants are milliseconds UTC. */
export type KeyAsIssued = readonly [
  id: number,
  licenseKey: string,
  activationLimit: number,
  validityDays: number,
  createdAt: number,
]

/**
 * SQL that keeps how keys were issued, once: the first change after the issuance counts.
 *
 * @param which SQL, a condition on `license_keys`
 */
export function keepAsIssued(which: string): string {
  return `insert into license_keys_as_issued
      (issuance_id, license_key_id, license_key, activation_limit, validity_days, created_at)
    select issuance_id, id, license_key, activation_limit, validity_days, created_at from license_keys
    where issuance_id is not null and (${which}) on conflict do nothing`
}

/** SQL, an expression: the keys of the row of `issuances` in scope, as the JSON text of a list of `KeyAsIssued`. */
export const KEYS_AS_ISSUED = `(select json_group_array(
    json_array(id, license_key, activation_limit, validity_days, created_at)) from (
  select id, license_key, activation_limit, validity_days, created_at from license_keys
  where issuance_id = issuances.id and not exists (select 1 from license_keys_as_issued as kept
    where kept.issuance_id = issuances.id and kept.license_key_id = license_keys.id)
  union all
  select license_key_id, license_key, activation_limit, validity_days, created_at from license_keys_as_issued
  where license_keys_as_issued.issuance_id = issuances.id))`

/** @returns the keys of such a text by ascending id: SQLite gathers them in an order that it does not promise */
export function keysAsIssued(text: string): KeyAsIssued[] {
  return (JSON.parse(text) as KeyAsIssued[]).sort(([one], [other]) => one - other)
}
