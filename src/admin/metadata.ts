/** Metadata as a field of a change: `{"name": "value", "other": null}`. null deletes the entry. */
import * as z from 'zod/mini'
import { isTextOfAtMost } from '../protocol/owner.ts'

const ENTRIES_MAX = 50
const NAME_CHARACTERS_MAX = 255
const VALUE_CHARACTERS_MAX = 10_000

const RULE = `must have at most ${ENTRIES_MAX} names of 1 to ${NAME_CHARACTERS_MAX} characters, each with a text of 1 to ${VALUE_CHARACTERS_MAX} characters`

/** @param canDelete whether a value may be null */
function metadataOf(canDelete: boolean) {
  const error = `The metadata field ${RULE}${canDelete ? ' or null' : ''}.`
  const name = z.string().check(z.refine(isName))
  const value = z.string({ error }).check(z.refine(isValue, { error }))
  return z
    .record(name, canDelete ? z.nullable(value) : value, { error })
    .check(z.refine((entries) => Object.keys(entries).length <= ENTRIES_MAX, { error }))
}

function isName(name: string): boolean {
  return isTextOfAtMost(name, NAME_CHARACTERS_MAX)
}

function isValue(value: string): boolean {
  return isTextOfAtMost(value.replaceAll(/[\t\r\n]/g, ' '), VALUE_CHARACTERS_MAX)
}

export const newMetadata = metadataOf(false)
export const metadataChanges = metadataOf(true)

/**
 * SQL that stores the placeholder `metadata`, a JSON object.
 *
 * @param table `license_key_metadata` or `product_metadata`
 * @param owner its column with the id of the license key or product
 * @param ids SQL that selects these ids, for the rows to change
 */
export function writeMetadata(table: string, owner: string, ids: string): string[] {
  return [
    `delete from ${table} where ${owner} in (${ids})
       and key in (select entry.key from json_each(:metadata) as entry where entry.type = 'null')`,
    `insert into ${table} (${owner}, key, value)
     select ids.id, entry.key, entry.value from (${ids}) as ids cross join json_each(:metadata) as entry
     where entry.type = 'text' on conflict (${owner}, key) do update set value = excluded.value`,
  ]
}
