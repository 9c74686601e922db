/**
 * License keys as they were issued. A replay repeats the first response, so the batch that changes or deletes
 * an issued key first stores the key as it was issued.
 */
import type { Statement } from '../db/batch.ts'
import { compileTexts, parseTexts, type TextRow } from '../db/texts.ts'
import type { KeyAsIssued } from '../protocol/license-key-object.ts'

/** SQL that stores the keys as they were issued, unless they are stored already. */
export function keepAsIssued(condition: string): string {
  return `insert into license_keys_as_issued
      (issuance_id, license_key_id, license_key, activation_limit, validity_days, created_at)
    select issuance_id, id, license_key, activation_limit, validity_days, created_at from license_keys
    where issuance_id is not null and (${condition}) on conflict do nothing`
}

/**
 * The most keys of any length that are read as one text. A key has up to 255 characters of 4 bytes, and its other values
 * take less than 60 bytes.
 */
export const KEYS_PER_TEXT = 900

/** SQL: all keys of an issuance as one JSON text, because one row per key would be far slower. */
function keysJson(columns: string): string {
  return `case
    when not exists (select 1 from license_keys_as_issued where issuance_id = issuances.id)
    then (select json_group_array(json_array(${columns})) from license_keys where issuance_id = issuances.id)
    else (select json_group_array(json_array(${columns})) from (
      select id, license_key, activation_limit, validity_days, created_at from license_keys
      where issuance_id = issuances.id and not exists (select 1 from license_keys_as_issued as stored
        where stored.issuance_id = issuances.id and stored.license_key_id = license_keys.id)
      union all
      select license_key_id, license_key, activation_limit, validity_days, created_at from license_keys_as_issued
      where license_keys_as_issued.issuance_id = issuances.id)) end`
}

const COLUMNS = 'id, license_key, activation_limit, validity_days, created_at'

/** Returns a list of `KeyAsIssued`. It is empty for more than `KEYS_PER_TEXT` keys: `selectKeysAsIssued` reads these. */
export const KEYS_AS_ISSUED = `iif(issuances.quantity > ${KEYS_PER_TEXT}, '[]', ${keysJson(COLUMNS)})`

/** The same for issuances that have at most 1,000 keys. They are one text too, if their keys are ever so long. */
export const THOUSAND_KEYS_AS_ISSUED = keysJson(COLUMNS)

/**
 * Returns a list of `[id, license key]`, because the order contains the other values of fresh keys. Their keys are short
 * UUIDs, so 10,000 of them are one text.
 */
export const FRESH_KEYS_AS_ISSUED = keysJson('id, license_key')

/** A statement that reads the keys of an issuance with any number of keys of any length. @param isIssuance SQL */
export function selectKeysAsIssued(isIssuance: string): Statement<TextRow> {
  const issuanceId = `(select issuances.id from issuances where ${isIssuance})`
  return compileTexts(`
    select id as place, json_array(${COLUMNS}) as item from (
      select ${COLUMNS} from license_keys where issuance_id = ${issuanceId}
        and not exists (select 1 from license_keys_as_issued as stored
          where stored.issuance_id = license_keys.issuance_id and stored.license_key_id = license_keys.id)
      union all
      select license_key_id, license_key, activation_limit, validity_days, created_at from license_keys_as_issued
      where license_keys_as_issued.issuance_id = ${issuanceId})`)
}

/** @returns the keys by ascending id, because SQLite aggregates rows in no guaranteed order */
export function parseKeysAsIssued<Key extends readonly [id: number, ...unknown[]] = KeyAsIssued>(
  text: string,
  furtherKeys: readonly TextRow[] = [],
): Key[] {
  return parseTexts<Key>([{ text }, ...furtherKeys]).sort(([one], [other]) => one - other)
}

/** The issuance under the idempotency key, as the batch that issues reads it. */
export interface IssuedRow {
  /** All members are null if there is no issuance. */
  readonly nonce: string | null
  /** Milliseconds UTC. */
  readonly issuedAt: number | null
  /** JSON text for `parseKeysAsIssued`. Also null if the issuance belongs to a different order. */
  readonly keys: string | null
}

/** The SQL columns of an `IssuedRow`. @param isSameOrder an SQL condition on `issuances` */
export function issuedColumns(isSameOrder: string, keys: string = KEYS_AS_ISSUED): string {
  return `issuances.nonce as nonce, issuances.created_at as issuedAt,
    case when ${isSameOrder} then ${keys} end as keys`
}
