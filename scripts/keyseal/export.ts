/** `keyseal export`: all license keys, page by page, however many there are. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { type Command, Option } from 'commander'
import { type Stringifier, stringify } from 'csv-stringify'
import { type Place, type Row, runSql } from '../database.ts'
import { addCommand } from './command.ts'
import { escapeFormula } from './csv-formulas.ts'
import { selectPage } from './license-rows.ts'
import { namesOf, productId } from './options.ts'

/** Each start of wrangler takes seconds; so many rows are about 4 MB of its JSON. */
const PAGE_ROWS = 10_000

const COLUMNS = [
  'licenseKey',
  'product',
  'status',
  'ownerName',
  'ownerEmail',
  'validityDays',
  'activationLimit',
  'assignedAt',
  'createdAt',
  'validUntil',
  'features',
] as const

interface ExportOptions {
  readonly csv?: boolean
  readonly productId?: number
}

export function addExport(program: Command): void {
  addCommand<ExportOptions>(
    program,
    {
      usage: 'export',
      summary:
        'print all license keys with their owners as CSV: npm run --silent keyseal -- export > keys.csv',
      options: [
        new Option('--csv', 'as comma-separated values (RFC 4180); the default'),
        productId('only of this product'),
      ],
    },
    async ({ options: { csv = false, productId: product }, place, isJson }) => {
      if (csv && isJson) throw new Error('Give either --csv or --json, not both.')
      process.stdout.on('error', endUnwritten)
      const rows = allRows(place, product)
      await (isJson ? writeJson(rows) : writeCsv(rows))
      return undefined
    },
  )
}

async function* allRows(place: Place, product: number | undefined): AsyncGenerator<Row> {
  let afterId = 0
  let read = 0
  try {
    for (;;) {
      const page = await runSql(place, selectPage(afterId, product, PAGE_ROWS))
      yield* page
      if (page.length < PAGE_ROWS) return
      afterId = Number(page.at(-1)?.id)
      read += page.length
      showProgress(`${read} license keys`)
    }
  } finally {
    showProgress('')
  }
}

/** A reader that has seen enough, such as head, ends it quietly; a full disk does not. */
function endUnwritten(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0)
  console.error(`The output could not be written completely (${error.code}).`)
  process.exit(1)
}

/** In place of what it showed before, on a terminal that does not show the rows themselves. */
function showProgress(text: string): void {
  if (process.stderr.isTTY && !process.stdout.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

async function writeCsv(rows: AsyncIterable<Row>): Promise<void> {
  const csv: Stringifier = stringify({
    header: true,
    columns: [...COLUMNS],
    record_delimiter: 'windows',
    cast: { string: escapeFormula },
  })
  csv.pipe(process.stdout, { end: false })
  for await (const row of rows) {
    await write(csv, { ...row, features: namesOf(row.features)?.join(',') })
  }
  csv.end()
  await finished(csv)
}

/** Waits where the reader is slower than the database. */
async function write(stream: Writable, piece: unknown): Promise<void> {
  if (!stream.write(piece)) await once(stream, 'drain')
}

async function writeJson(rows: AsyncIterable<Row>): Promise<void> {
  let separator = '['
  for await (const row of rows) {
    const shown = {
      ...Object.fromEntries(COLUMNS.map((name) => [name, row[name]])),
      features: namesOf(row.features),
    }
    await write(process.stdout, `${separator}\n${JSON.stringify(shown)}`)
    separator = ','
  }
  await write(process.stdout, separator === '[' ? '[]\n' : '\n]\n')
}
