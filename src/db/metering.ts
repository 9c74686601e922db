/** Counts the database usage of a request, for its log line and its data point. */

export interface Meter {
  roundTrips: number
  rowsRead: number
  rowsWritten: number
}

/**
 * @param meter updated by every successful batch; D1 reports no numbers for a failed one
 * @returns the database, for use with `runBatch`
 */
export function metered(db: D1Database, meter: Meter): D1Database {
  async function counted<Row>(batch: Promise<D1Result<Row>[]>): Promise<D1Result<Row>[]> {
    const results = await batch
    meter.roundTrips += 1
    for (const { meta } of results) {
      meter.rowsRead += meta.rows_read
      meter.rowsWritten += meta.rows_written
    }
    return results
  }

  function session(constraint?: string): D1DatabaseSession {
    const opened = db.withSession(constraint)
    return {
      prepare: (sql) => opened.prepare(sql),
      batch: (statements) => counted(opened.batch(statements)),
      getBookmark: () => opened.getBookmark(),
    }
  }

  return {
    prepare: (sql) => db.prepare(sql),
    batch: (statements) => counted(db.batch(statements)),
    withSession: session,
    exec: (sql) => db.exec(sql),
    dump: () => db.dump(),
  }
}
