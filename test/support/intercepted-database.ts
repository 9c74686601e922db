/** A D1 binding that forwards every round trip to a real one, through an interceptor. */

export interface RoundTrip {
  readonly statements: number
}

/** @param run sends the round trip to the database */
export type Interceptor = <Result>(trip: RoundTrip, run: () => Promise<Result>) => Promise<Result>

export function interceptRoundTrips(real: D1Database, intercept: Interceptor): D1Database {
  function batchOf(target: Pick<D1Database, 'batch'>) {
    return <Row>(statements: D1PreparedStatement[]): Promise<D1Result<Row>[]> =>
      intercept({ statements: statements.length }, () => target.batch<Row>(statements))
  }

  /** Changes the real statement, since `batch` accepts no other object. */
  function wrap(statement: D1PreparedStatement): D1PreparedStatement {
    for (const name of ['first', 'all', 'run', 'raw'] as const) {
      const run = statement[name].bind(statement) as (...parameters: unknown[]) => Promise<unknown>
      Object.defineProperty(statement, name, {
        value: (...parameters: unknown[]) => intercept({ statements: 1 }, () => run(...parameters)),
      })
    }
    const bind = statement.bind.bind(statement)
    Object.defineProperty(statement, 'bind', { value: (...values: unknown[]) => wrap(bind(...values)) })
    return statement
  }

  function unexpected(): never {
    throw new Error('Requests must not call exec or dump.')
  }

  function withSession(constraint?: string): D1DatabaseSession {
    const session = real.withSession(constraint)
    const prepare = (text: string) => wrap(session.prepare(text))
    return { batch: batchOf(session), prepare, getBookmark: () => session.getBookmark() }
  }

  const prepare = (text: string) => wrap(real.prepare(text))
  return { batch: batchOf(real), prepare, withSession, exec: unexpected, dump: unexpected }
}
