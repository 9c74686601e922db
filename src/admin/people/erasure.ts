/**
 * Runs an erasure in pieces until nothing is left.
 *
 * Guarantees: each piece is one transaction, which records how far it got, so an erasure that was cut off is resumed where
 * it stopped, by the same request or by the cron. Two runs at the same time share the work. The address is deleted from
 * the erasure when nothing is left, in the transaction that checks this.
 */
import { bind, compileText, runBatch } from '../../db/batch.ts'
import { withRetries } from '../../db/retries.ts'
import type { Bindings } from '../../platform/settings.ts'
import { emptyEvents, eraseKeys, finishErasure, flagOrders } from './erasing-sql.ts'
import {
  type FoundTexts,
  isTextLeft,
  needlesOf,
  READ_TEXTS,
  valuesToWrite,
  WRITE_TEXTS,
} from './erasing-texts.ts'

/** The cron may run for 15 minutes, but the next run starts after one. */
const PIECES_OF_JOB = 100

interface ErasureRow {
  readonly email: string
  /** JSON text. */
  readonly names: string
}

/** No row: it is finished. */
const selectErasure = compileText<ErasureRow>(
  'select email, names from erasures where id = :erasure and email is not null',
)

/**
 * The writes of a piece, apart from texts, which the piece before must have read. Placeholders: `needles` and `now`.
 *
 * @param erasure SQL for the id
 */
export function pieceWrites(erasure: string): readonly string[] {
  return [...flagOrders(erasure), ...eraseKeys(erasure), ...emptyEvents(erasure)]
}

/** Runs last. Placeholders: as of the piece. */
export function finishWrite(erasure: string): string {
  return finishErasure(erasure, isTextLeft(erasure))
}

const WRITES = [...pieceWrites(':erasure'), ...WRITE_TEXTS, finishWrite(':erasure')].map((text) =>
  compileText(text),
)

/**
 * @param now milliseconds UTC
 * @param piecesMax stops after this many pieces. The cron continues
 * @returns whether the person is erased
 * @throws DatabaseUnavailableError; repeating is safe
 */
export async function runErasure(
  db: D1Database,
  erasure: number,
  now: number,
  piecesMax: number,
): Promise<boolean> {
  let [[row]] = await withRetries(() => runBatch(db, [bind(selectErasure, { erasure })]))
  let found: readonly (FoundTexts | undefined)[] = []
  for (let piece = 0; row && piece < piecesMax; piece++) {
    const { email } = row
    const names = JSON.parse(row.names) as string[]
    const values = { erasure, now, needles: needlesOf(email), ...valuesToWrite(found, email, names) }
    const results = await withRetries(() =>
      runBatch(db, [
        ...WRITES.map((statement) => bind<unknown>(statement, values)),
        bind(selectErasure, values),
        ...READ_TEXTS.map((statement) => bind<unknown>(statement, values)),
      ]),
    )
    const [rows = [], ...reads] = results.slice(WRITES.length)
    row = rows[0] as ErasureRow | undefined
    found = reads.map(([first]) => first as FoundTexts | undefined)
  }
  return row === undefined
}

const selectUnfinished = compileText<{ id: number }>(
  'select id from erasures where email is not null order by id limit 1',
)

/** Continues an erasure that was cut off. The next minute continues the rest. */
export async function continueErasures({ DB }: Bindings, now: number): Promise<void> {
  const [[unfinished]] = await runBatch(DB, [bind(selectUnfinished, {})])
  if (unfinished) await runErasure(DB, unfinished.id, now, PIECES_OF_JOB)
}
