/** A D1 binding that counts what is asked of it, and can fail on demand. */
import { aroundRoundTrips } from './around-database.ts'

export interface Observed {
  readonly db: D1Database
  /** Every round trip that was answered: a batch, or a statement run on its own. */
  readonly roundTrips: { readonly statements: number; readonly rowsWritten: number }[]
}

/** Each may throw what the platform would throw: before a batch reaches the database, or after it was committed. */
interface Hooks {
  readonly before?: () => void
  readonly after?: () => void
}

/** The hooks of a database that is never reached. */
export function failing(text: string): Hooks {
  return {
    before() {
      throw new Error(text)
    },
  }
}

/** What D1 says when its object was reset. */
export const RESET = 'Internal error in D1 DB storage caused object to be reset.'

/** The hooks of a database that loses the answers of its first batches, which were committed. @param losses what it says */
export function losingAnswers(...losses: string[]): Hooks {
  return {
    after() {
      const loss = losses.shift()
      if (loss) throw new Error(`D1_ERROR: ${loss}`)
    },
  }
}

/** @param real the binding behind it */
export function observe(real: D1Database, { before, after }: Hooks = {}): Observed {
  const roundTrips: { statements: number; rowsWritten: number }[] = []
  const db = aroundRoundTrips(real, async ({ statements }, run) => {
    before?.()
    const answer = await run()
    roundTrips.push({ statements, rowsWritten: rowsWrittenIn(answer) })
    after?.()
    return answer
  })
  return { db, roundTrips }
}

function rowsWrittenIn(answer: unknown): number {
  const results = (Array.isArray(answer) ? answer : [answer]) as Partial<D1Result>[]
  return results.reduce((sum, result) => sum + (result?.meta?.rows_written ?? 0), 0)
}
