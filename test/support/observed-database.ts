/** A D1 binding that counts what is asked of it, and can fail on demand. Everything it is asked, it asks the real one. */

export interface Observed {
  readonly db: D1Database
  /** Every round trip: a batch, or a statement run on its own. */
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

/** @param real the binding behind it */
export function observe(real: D1Database, { before, after }: Hooks = {}): Observed {
  const roundTrips: { statements: number; rowsWritten: number }[] = []

  async function batch<T>(statements: D1PreparedStatement[]): Promise<D1Result<T>[]> {
    before?.()
    const results = await real.batch<T>(statements)
    const rowsWritten = results.reduce((sum, { meta }) => sum + meta.rows_written, 0)
    roundTrips.push({ statements: statements.length, rowsWritten })
    after?.()
    return results
  }

  /** Statements are real, and each way to run one on its own is a round trip. */
  function prepare(text: string): D1PreparedStatement {
    return counted(real.prepare(text))
  }

  function counted(statement: D1PreparedStatement): D1PreparedStatement {
    for (const run of ['first', 'all', 'run', 'raw'] as const) {
      const original = statement[run].bind(statement) as (...parameters: unknown[]) => unknown
      Object.defineProperty(statement, run, {
        value: (...parameters: unknown[]) => {
          roundTrips.push({ statements: 1, rowsWritten: 0 })
          return original(...parameters)
        },
      })
    }
    const bind = statement.bind.bind(statement)
    Object.defineProperty(statement, 'bind', { value: (...values: unknown[]) => counted(bind(...values)) })
    return statement
  }

  function unexpected(): never {
    throw new Error('Not expected of a request.')
  }

  const db = { batch, prepare, exec: unexpected, dump: unexpected, withSession: unexpected }
  return { db, roundTrips }
}
