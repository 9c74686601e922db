/** The SQL of `keyseal stock import`. */
import { type Place, type Row, runStatements, sqlJson, sqlText } from '../database.ts'
import type { RefusedLine, StockLine } from './key-reader.ts'
import { literalBytes } from './stock-file.ts'

/** The platform takes no longer statement than 100 kB; this leaves room for what is around the list of keys. */
export const LIST_BYTES_MAX = 90_000

export interface Terms {
  readonly productId: number
  readonly validityDays: number
  readonly activationLimit: number
  /** A JSON array. */
  readonly features?: string
}

export interface Added {
  created: number
  /** In the product already. */
  known: number
  /** In another one. */
  readonly refused: RefusedLine[]
}

/** In one transaction those that exist are looked for, and all others added. */
export async function addToStock(
  place: Place,
  keys: readonly StockLine[],
  terms: Terms,
  signal: AbortSignal,
): Promise<Added> {
  const added: Added = { created: 0, known: 0, refused: [] }
  if (keys.length === 0) return added
  const lists = [...listsOf(keys)]
  const now = Date.now()
  const statements = lists.flatMap((list) => statementsFor(list, terms, now))
  const rows = await runStatements(place, statements, signal)
  for (const [index, list] of lists.entries()) count(added, terms.productId, list, rows[2 * index] ?? [])
  return added
}

/** Keys of statements that are short enough each. */
function* listsOf(keys: readonly StockLine[]): Generator<StockLine[]> {
  let list: StockLine[] = []
  let size = 0
  for (const key of keys) {
    const bytes = literalBytes(key)
    if (size + bytes > LIST_BYTES_MAX) {
      yield list
      list = []
      size = 0
    }
    list.push(key)
    size += bytes
  }
  yield list
}

function statementsFor(
  keys: readonly StockLine[],
  { productId: product, validityDays: validity, activationLimit: limit, features }: Terms,
  now: number,
): string[] {
  const list = sqlJson(keys.map(({ licenseKey }) => licenseKey))
  return [
    `select brought.key as place, product_id as product from json_each(${list}) as brought
     cross join license_keys on license_key = brought.value`,
    `insert into license_keys
       (product_id, license_key, status, activation_limit, validity_days, features, created_at, updated_at)
     select ${product}, value, 'available', ${limit}, ${validity}, ${features ? sqlText(features) : 'null'}, ${now}, ${now}
     from json_each(${list})
     where true on conflict (license_key) do nothing`,
  ]
}

/** @param existing those of the keys that were there before, each with its place among them and its product */
function count(added: Added, product: number, keys: readonly StockLine[], existing: readonly Row[]): void {
  const foreign = existing.filter((row) => row.product !== product)
  added.created += keys.length - existing.length
  added.known += existing.length - foreign.length
  for (const row of foreign) {
    const line = keys[Number(row.place)]?.line ?? 0
    added.refused.push({ line, reason: `is already a license key of product ${row.product}` })
  }
}
