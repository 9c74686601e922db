/** `keyseal stock import`: takes license keys in that were made elsewhere. */
import { statSync } from 'node:fs'
import path from 'node:path'
import { SingleBar } from 'cli-progress'
import type { Command } from 'commander'
import { type Place, type Row, runSql, runStatements, sqlJson } from '../database.ts'
import { addCommand, addGroup, required, type Told } from './command.ts'
import { activationLimit, productId, validityDays } from './options.ts'
import { type RefusedLine, readPieces, type StockLine } from './stock-file.ts'

interface Terms {
  readonly productId: number
  readonly validityDays: number
  readonly activationLimit: number
}

interface Imported {
  created: number
  /** In the product already: an import that is repeated finds all of them. */
  known: number
  readonly refused: RefusedLine[]
}

export function addStock(program: Command): void {
  const group = addGroup(program, 'stock', 'license keys that wait to be assigned')
  addCommand<Terms>(
    group,
    {
      usage: 'import <file>',
      summary:
        'take license keys of a CSV file into stock: the column license_key, or the first; a repetition adds none twice',
      options: [required(productId('whose keys they are')), validityDays(), activationLimit()],
    },
    async ({ words: [file = ''], options, place }) => {
      const [product] = await runSql(
        place,
        `select id from products where id = ${options.productId} and deleted_at is null`,
      )
      if (!product) {
        throw new Error(`There is no product ${options.productId}: npm run keyseal -- products list`)
      }
      // npm runs this in the project's folder, and names the one it was called in.
      return told(await importFile(place, path.resolve(process.env.INIT_CWD ?? '.', file), options))
    },
  )
}

async function importFile(place: Place, file: string, terms: Terms): Promise<Imported> {
  const total = statSync(file, { throwIfNoEntry: false })?.size
  if (total === undefined) throw new Error(`There is no file ${file}.`)
  const imported: Imported = { created: 0, known: 0, refused: [] }
  const bar = new SingleBar({ format: '{bar} {percentage}% | {created} added', clearOnComplete: true })
  if (process.stderr.isTTY) bar.start(total, 0, { created: 0 })
  try {
    for await (const { keys, refused, bytes } of readPieces(file)) {
      imported.refused.push(...refused)
      if (keys.length > 0) await importPiece(place, keys, terms, imported)
      bar.update(Math.min(bytes, total), { created: imported.created })
    }
  } finally {
    bar.stop()
  }
  return imported
}

/** Those that exist are looked for and all others added in one transaction. */
async function importPiece(
  place: Place,
  keys: readonly StockLine[],
  { productId: product, validityDays: validity, activationLimit: limit }: Terms,
  imported: Imported,
): Promise<void> {
  const list = sqlJson(keys.map(({ licenseKey }) => licenseKey))
  const now = Date.now()
  const [existing = []] = await runStatements(place, [
    `select brought.key as place, product_id as product from json_each(${list}) as brought
     cross join license_keys on license_key = brought.value`,
    `insert into license_keys
       (product_id, license_key, status, activation_limit, validity_days, created_at, updated_at)
     select ${product}, value, 'available', ${limit}, ${validity}, ${now}, ${now} from json_each(${list})
     where true on conflict (license_key) do nothing`,
  ])
  const foreign = existing.filter((row) => row.product !== product)
  imported.created += keys.length - existing.length
  imported.known += existing.length - foreign.length
  imported.refused.push(...foreign.map((row: Row) => refusalOf(keys[Number(row.place)], row.product)))
}

function refusalOf(key: StockLine | undefined, product: unknown): RefusedLine {
  return { line: key?.line ?? 0, reason: `is a license key of product ${product} already` }
}

/** What was refused makes the command fail, so that a script notices. */
function told({ created, known, refused }: Imported): Told {
  if (refused.length > 0) process.exitCode = 1
  refused.sort((one, other) => one.line - other.line)
  return {
    value: { created, known, refused },
    print() {
      for (const { line, reason } of refused) console.error(`Line ${line} ${reason}.`)
      console.log(
        `${created} license keys added to the stock, ${known} were there already, ${refused.length} lines refused.`,
      )
    },
  }
}
