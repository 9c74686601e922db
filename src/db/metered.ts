/** A database that notes what it is asked: by whom, how often, and how many rows it read and wrote for it. */

/** Whoever the database found that the caller is; null where it did not ask, or has found nobody. */
export interface CallerIds {
  apiKeyId: number | null
  contractId: number | null
}

/** Where it is noted. */
export interface Meter extends CallerIds {
  roundTrips: number
  rowsRead: number
  rowsWritten: number
}

/**
 * @param db what is asked in the end
 * @param meter is added to with every batch that is answered; one that fails tells no numbers, and is in the log.
 *   A batch that authenticates tells the caller's id in its last row, under the name that its `Authority` gives it
 * @returns the same database to whoever uses it through `runBatch`
 */
export function metered(db: D1Database, meter: Meter): D1Database {
  async function noted<Row>(answer: Promise<D1Result<Row>[]>): Promise<D1Result<Row>[]> {
    const results = await answer
    meter.roundTrips += 1
    for (const { meta } of results) {
      meter.rowsRead += meta.rows_read
      meter.rowsWritten += meta.rows_written
    }
    const told = (results.at(-1)?.results[0] ?? {}) as Partial<CallerIds>
    meter.apiKeyId = told.apiKeyId ?? meter.apiKeyId
    meter.contractId = told.contractId ?? meter.contractId
    return results
  }

  function session(constraint?: string): D1DatabaseSession {
    const opened = db.withSession(constraint)
    return {
      prepare: (sql) => opened.prepare(sql),
      batch: (statements) => noted(opened.batch(statements)),
      getBookmark: () => opened.getBookmark(),
    }
  }

  return {
    prepare: (sql) => db.prepare(sql),
    batch: (statements) => noted(db.batch(statements)),
    withSession: session,
    exec: (sql) => db.exec(sql),
    dump: () => db.dump(),
  }
}
