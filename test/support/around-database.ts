/** A D1 binding that does something around each round trip. Whatever it is asked, it asks the real one. */

export interface RoundTrip {
  readonly statements: number
}

/** @param run asks the database; its answer, or what it throws, is the round trip's */
export type Around = <Answer>(trip: RoundTrip, run: () => Promise<Answer>) => Promise<Answer>

export function aroundRoundTrips(real: D1Database, around: Around): D1Database {
  function batchOf(asked: Pick<D1Database, 'batch'>) {
    return <Row>(statements: D1PreparedStatement[]): Promise<D1Result<Row>[]> =>
      around({ statements: statements.length }, () => asked.batch<Row>(statements))
  }

  /** The statement stays the real one, since `batch` takes no other; its ways to run alone are wrapped. */
  function wrap(statement: D1PreparedStatement): D1PreparedStatement {
    for (const name of ['first', 'all', 'run', 'raw'] as const) {
      const run = statement[name].bind(statement) as (...parameters: unknown[]) => Promise<unknown>
      Object.defineProperty(statement, name, {
        value: (...parameters: unknown[]) => around({ statements: 1 }, () => run(...parameters)),
      })
    }
    const bind = statement.bind.bind(statement)
    Object.defineProperty(statement, 'bind', { value: (...values: unknown[]) => wrap(bind(...values)) })
    return statement
  }

  function unexpected(): never {
    throw new Error('Not expected of a request.')
  }

  function withSession(constraint?: string): D1DatabaseSession {
    const session = real.withSession(constraint)
    const prepare = (text: string) => wrap(session.prepare(text))
    return { batch: batchOf(session), prepare, getBookmark: () => session.getBookmark() }
  }

  const prepare = (text: string) => wrap(real.prepare(text))
  return { batch: batchOf(real), prepare, withSession, exec: unexpected, dump: unexpected }
}
