/** `keyseal stock import`: takes license keys in that were made elsewhere. */
import { SingleBar } from 'cli-progress'
import { type Command, Option } from 'commander'
import { weakKeysWarning } from '../../src/keys/key-strength.ts'
import { fromCaller } from '../caller.ts'
import { type Place, runSql } from '../database.ts'
import { messageOf } from '../message-of.ts'
import { addCommand, addGroup, type CommandOutput, required } from './command.ts'
import { sizeInBytes } from './csv-records.ts'
import { INTERRUPTED_EXIT_CODE, interruptible } from './interruption.ts'
import type { RefusedLine } from './key-reader.ts'
import { activationLimit, features, productId, validityDays } from './options.ts'
import { addToStock, LIST_BYTES_MAX, type Terms } from './stock-additions.ts'
import { type Piece, type Reading, readPieces } from './stock-file.ts'

/**
 * How much goes into the database at once. Each key is in there twice. In production each piece takes a start of
 * wrangler, so seconds, and all statements of a piece may count as one, of at most 100 kB.
 */
const PIECES: Record<Place, Reading> = {
  local: { pieceLinesMax: 10_000, pieceBytesMax: 1_000_000 },
  remote: { pieceLinesMax: 10_000, pieceBytesMax: LIST_BYTES_MAX / 2 },
}

interface ImportOptions extends Terms {
  readonly column?: string
}

interface Imported {
  /** Something of the file was read. */
  hasBegun: boolean
  created: number
  /** In the product already: an import that is repeated finds all of them. */
  known: number
  readonly refused: RefusedLine[]
  /** All that were read, also those that were known. */
  readonly licenseKeys: string[]
  /** Why it did not get to the end of the file. */
  stopped?: string | undefined
  isInterrupted?: boolean
}

export function addStock(program: Command): void {
  const group = addGroup(program, 'stock', 'license keys that can be assigned')
  addCommand<ImportOptions>(
    group,
    {
      usage: 'import <file>',
      summary:
        'add license keys from a CSV file (UTF-8); repeating it adds none twice. If there are several columns, the first line must name them',
      options: [
        required(productId('the product of the keys')),
        validityDays(),
        activationLimit(),
        features('what the keys unlock; default: the features of the product'),
        new Option('--column <name>', 'the column of the keys; default: license_key'),
      ],
    },
    async ({ words: [file = ''], options, place }) => {
      const [product] = await runSql(
        place,
        `select id from products where id = ${options.productId} and deleted_at is null`,
      )
      if (!product) {
        throw new Error(
          `There is no product ${options.productId}. List all products: npm run keyseal -- products list`,
        )
      }
      return importOutput(
        await interruptible((signal) => importFile(place, fromCaller(file), options, signal)),
      )
    },
  )
}

/** @throws Error where nothing of the file can be read; what fails later is told beside what was added before */
async function importFile(
  place: Place,
  file: string,
  options: ImportOptions,
  signal: AbortSignal,
): Promise<Imported> {
  const imported: Imported = { hasBegun: false, created: 0, known: 0, refused: [], licenseKeys: [] }
  const total = sizeInBytes(file)
  const bar = startBar(total)
  try {
    for await (const piece of readPieces(file, { ...PIECES[place], column: options.column })) {
      imported.hasBegun = true
      signal.throwIfAborted()
      await importPiece(place, piece, options, imported, signal)
      bar.update(Math.min(piece.bytes, total), { created: imported.created })
    }
  } catch (error) {
    if (!imported.hasBegun && !signal.aborted) throw error
    imported.stopped = signal.aborted ? INTERRUPTED : messageOf(error)
    imported.isInterrupted = signal.aborted
  } finally {
    bar.stop()
  }
  return imported
}

const INTERRUPTED = 'it was interrupted, perhaps while keys were being added'

function startBar(total: number): SingleBar {
  // It would end itself at a signal, and leave everything else running.
  const options = { clearOnComplete: true, gracefulExit: false }
  const bar = new SingleBar({ format: '{bar} {percentage}% | {created} added', ...options })
  if (process.stderr.isTTY) bar.start(total, 0, { created: 0 })
  return bar
}

async function importPiece(
  place: Place,
  piece: Piece,
  terms: Terms,
  imported: Imported,
  signal: AbortSignal,
): Promise<void> {
  for (const line of piece.refused) imported.refused.push(line)
  const added = await addToStock(place, piece.keys, terms, signal)
  imported.created += added.created
  imported.known += added.known
  for (const line of added.refused) imported.refused.push(line)
  for (const { licenseKey } of piece.keys) imported.licenseKeys.push(licenseKey)
  imported.stopped = piece.stopped
}

/** What was refused or not reached makes the command fail, so that a script notices. */
function importOutput(imported: Imported): CommandOutput {
  const { created, known, refused, licenseKeys, stopped, isInterrupted } = imported
  if (refused.length > 0 || stopped !== undefined) process.exitCode = 1
  if (isInterrupted) process.exitCode = INTERRUPTED_EXIT_CODE
  const warning = weakKeysWarning(licenseKeys)
  // Beside the value too: a script that reads it must not miss the risk.
  if (warning !== undefined) console.error(`Warning: ${warning}.`)
  refused.sort((one, other) => one.line - other.line)
  return {
    value: { created, known, refused, stopped },
    print() {
      for (const { line, reason } of refused) console.error(`Line ${line} ${reason}.`)
      console.log(
        `${created} license keys added to the stock, ${known} already existed, ${refused.length} lines rejected.`,
      )
      if (stopped === undefined) return
      console.error(`The import stopped before the end of the file: ${stopped.replace(/\.$/, '')}.`)
      console.error('Run the same command again to continue: it adds no license key twice.')
    },
  }
}
