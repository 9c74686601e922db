/** A D1 binding that records its round trips and can fail on demand. */
import { interceptRoundTrips } from './intercepted-database.ts'

export interface ObservedDatabase {
  readonly db: D1Database
  /** Completed round trips: batches, and statements run outside a batch. */
  readonly roundTrips: { readonly statements: number; readonly rowsWritten: number }[]
}

/** Each may throw an error of the platform: before a round trip reaches the database, or after its commit. */
interface Hooks {
  readonly before?: () => void
  readonly after?: () => void
}

/** Every round trip fails before it reaches the database. */
export function failWith(message: string): Hooks {
  return {
    before() {
      throw new Error(message)
    },
  }
}

/** The message of D1 after its Durable Object was reset. */
export const RESET_ERROR = 'Internal error in D1 DB storage caused object to be reset.'

/** The first round trips fail after their commit, one for each message. */
export function failAfterCommit(...messages: string[]): Hooks {
  return {
    after() {
      const message = messages.shift()
      if (message) throw new Error(`D1_ERROR: ${message}`)
    },
  }
}

export function observe(real: D1Database, { before, after }: Hooks = {}): ObservedDatabase {
  const roundTrips: { statements: number; rowsWritten: number }[] = []
  const db = interceptRoundTrips(real, async ({ statements }, run) => {
    before?.()
    const result = await run()
    roundTrips.push({ statements, rowsWritten: rowsWrittenIn(result) })
    after?.()
    return result
  })
  return { db, roundTrips }
}

function rowsWrittenIn(result: unknown): number {
  const results = (Array.isArray(result) ? result : [result]) as Partial<D1Result>[]
  return results.reduce((sum, result) => sum + (result?.meta?.rows_written ?? 0), 0)
}
