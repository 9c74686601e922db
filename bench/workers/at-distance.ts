/** A database that is far away: each round trip takes this much longer. */
import { aroundRoundTrips } from '../../test/support/around-database.ts'

/** @param delayMs milliseconds added to each round trip; nothing or 0: the database as it is */
export function atDistance(db: D1Database, delayMs: string | undefined): D1Database {
  if (!Number(delayMs)) return db
  return aroundRoundTrips(db, async (_, run) => {
    await scheduler.wait(Number(delayMs))
    return run()
  })
}

export interface BenchBindings {
  readonly DB: D1Database
  readonly SIGNING_PRIVATE_KEY: string
  readonly D1_DELAY_MS?: string
}
