/**
 * Erases a person from texts of JSON: the entries of the audit, and the outcomes that operations keep for replays. SQLite
 * cannot replace text in any case, so a batch reads the texts, and the next one writes them. Repeating either is safe.
 */
import { compileText } from '../../db/batch.ts'
import { ERASED_EMAIL, ERASED_NAME } from '../../protocol/owner.ts'
import { WINDOW } from './erasing-sql.ts'

/** The most rows of a piece, and about the most bytes. They are one value, and D1 allows 2,000,000 bytes. */
const TEXTS_MAX = 50
const TEXTS_BYTES = 500_000
/** A shorter name may be part of any text. */
const NAME_CHARACTERS_MIN = 3

/** The columns with texts, and the column of `erasures` that says how far it got. */
const TABLES = {
  operations: { columns: ['outcome'], done: 'operations_done' },
  audit_entries: { columns: ['before', 'after', 'reason'], done: 'audit_done' },
} as const
type Table = keyof typeof TABLES
const TABLE_NAMES = Object.keys(TABLES) as Table[]

export interface FoundTexts {
  /** All rows up to this id were searched. */
  readonly searchedTo: number
  /** JSON text: `[[id, text or null, ...], ...]` */
  readonly found: string
}

/** A row of a table with its texts. */
type Texts = readonly [id: number, ...texts: (string | null)[]]

function doneSql(table: Table, erasure: string): string {
  return `(select ${TABLES[table].done} from erasures where erasures.id = ${erasure})`
}

/** The texts of the next rows that contain the address. Placeholder: `needles`, from `needlesOf`. */
function foundSql(table: Table, erasure: string): string {
  const columns = TABLES[table].columns
  const done = doneSql(table, erasure)
  return `select id, ${columns.join(', ')} from ${table} where id > ${done} and id <= ${done} + ${WINDOW}
    and exists (select 1 from json_each(:needles) as needle
      where ${columns.map((column) => `instr(lower(${column}), needle.value) > 0`).join(' or ')})`
}

/** An SQL condition: a text is left, or not all were searched. Placeholder: `needles`. */
export function isTextLeft(erasure: string): string {
  const conditions = TABLE_NAMES.map(
    (table) => `(select coalesce(max(id), 0) from ${table}) > ${doneSql(table, erasure)} + ${WINDOW}
      or exists (${foundSql(table, erasure)})`,
  )
  return `(${conditions.join(' or ')})`
}

/** Placeholders: `erasure`, and the values from `valuesToWrite`. */
export const WRITE_TEXTS = TABLE_NAMES.flatMap((table) => {
  const { columns, done } = TABLES[table]
  const assignments = columns.map((column, index) => `${column} = erased.value ->> ${index + 1}`)
  return [
    `update ${table} set ${assignments.join(', ')} from json_each(:${table}) as erased
      where ${table}.id = erased.value ->> 0`,
    `update erasures set ${done} = max(${done}, :${table}Done) where id = :erasure and email is not null`,
  ]
})

/** One statement for each table. Placeholders: `erasure` and `needles`. */
export const READ_TEXTS = TABLE_NAMES.map((table) => {
  const { columns } = TABLES[table]
  const bytes = columns.map((column) => `coalesce(octet_length(${column}), 0)`).join(' + ')
  return compileText<FoundTexts>(`
    with found as materialized (${foundSql(table, ':erasure')}),
    piece as materialized (
      select * from (select *, row_number() over (order by id) as place,
        sum(${bytes}) over (order by id rows unbounded preceding) - (${bytes}) as bytes_before from found)
      where place <= ${TEXTS_MAX} and bytes_before < ${TEXTS_BYTES})
    select (select json_group_array(json_array(id, ${columns.join(', ')})) from piece) as found,
      iif((select count(*) from piece) < (select count(*) from found), (select max(id) from piece),
        min(${doneSql(table, ':erasure')} + ${WINDOW}, (select coalesce(max(id), 0) from ${table}))) as searchedTo`)
})

/** @param found what `READ_TEXTS` found in the last piece, if it ran */
export function valuesToWrite(
  found: readonly (FoundTexts | undefined)[],
  email: string,
  names: readonly string[],
): Readonly<Record<string, unknown>> {
  const values = TABLE_NAMES.map((table, index) => {
    const { found: text = '[]', searchedTo = 0 } = found[index] ?? {}
    const rows = JSON.parse(text) as Texts[]
    const erased = rows.map(([id, ...texts]) => [id, ...texts.map((value) => eraseText(value, email, names))])
    return { [table]: JSON.stringify(erased), [`${table}Done`]: searchedTo }
  })
  return Object.assign({}, ...values)
}

/** @param text JSON, or else plain text */
export function eraseText(text: string | null, email: string, names: readonly string[]): string | null {
  if (text === null) return null
  const pattern = new RegExp([email, ...names].filter(isLong).map(escapeRegExp).join('|'), 'gi')
  const isShortName = new Set(names.filter((name) => !isLong(name)))
  const erase = (value: string): string =>
    isShortName.has(value)
      ? ERASED_NAME
      : value.replaceAll(pattern, (found) =>
          found.toLowerCase() === email.toLowerCase() ? ERASED_EMAIL : ERASED_NAME,
        )
  try {
    return JSON.stringify(
      // The kind of an outcome decides its answer.
      JSON.parse(text, (key, value: unknown) =>
        typeof value === 'string' && key !== 'kind' ? erase(value) : value,
      ),
    )
  } catch {
    return erase(text)
  }
}

function isLong(text: string): boolean {
  return text.length >= NAME_CHARACTERS_MIN
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

/**
 * A JSON list of the spellings in which JSON may contain the address, in lowercase like SQLite's `lower()`: as it is, with escapes for
 * other characters than ASCII or than letters and digits, and as part of a URL.
 */
export function needlesOf(email: string): string {
  const lower = asciiLowercase(email)
  const spellings = new Set([
    lower,
    lower.replaceAll('/', '\\/'),
    escaped(lower, /[^\0-\x7f]/g),
    escaped(lower, /[^a-z0-9@._-]/g),
    asciiLowercase(encodeURIComponent(lower)),
  ])
  return JSON.stringify([...spellings])
}

/** Escapes each UTF-16 code unit, as JSON does. */
function escaped(text: string, characters: RegExp): string {
  return text.replaceAll(
    characters,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** SQLite's `lower()` leaves all other characters. */
function asciiLowercase(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
}
