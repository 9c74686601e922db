/** A D1 binding that counts what is asked of it, and can fail on demand. Everything it is asked, it asks the real one. */

export interface Observed {
  readonly db: D1Database
  /** Every round trip: a batch, or a statement run on its own. */
  readonly roundTrips: { readonly statements: number; readonly rowsWritten: number }[]
}

/**
 * @param real the binding behind it
 * @param beforeBatch may throw what the platform would throw
 */
export function observe(real: D1Database, beforeBatch: () => void = () => {}): Observed {
  const roundTrips: { statements: number; rowsWritten: number }[] = []

  async function batch<T>(statements: D1PreparedStatement[]): Promise<D1Result<T>[]> {
    beforeBatch()
    const results = await real.batch<T>(statements)
    const rowsWritten = results.reduce((sum, { meta }) => sum + meta.rows_written, 0)
    roundTrips.push({ statements: statements.length, rowsWritten })
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
