/** Turns errors of SQLite and wrangler into messages that say what to do next. */
import type { Place } from './database.ts'

const NOT_MIGRATED = /no such (table|column)|has no column named/
const BUSY = /database is locked/
const NOT_SIGNED_IN = /set a CLOUDFLARE_API_TOKEN|not logged in|Authentication error \[code: 10000\]/i

const MIGRATE = {
  local: 'npx wrangler d1 migrations apply DB --local (npm start does this too)',
  remote: 'npx wrangler d1 migrations apply DB --remote',
}

/**
 * @param error from SQLite for the local database, from wrangler for production
 * @returns an error that says what to do, or the same error if it is unknown
 */
export function explainedError(place: Place, error: unknown): unknown {
  const remedy = remedyFor(place, String(error))
  return remedy === undefined ? error : new Error(remedy, { cause: error })
}

function remedyFor(place: Place, fault: string): string | undefined {
  if (NOT_MIGRATED.test(fault)) {
    const where = place === 'local' ? 'local database' : 'database in production'
    return `The ${where} is not migrated to this version: ${MIGRATE[place]}`
  }
  if (NOT_SIGNED_IN.test(fault)) {
    return 'You are not signed in to Cloudflare, or your account cannot use this database. Run npx wrangler login, or set CLOUDFLARE_API_TOKEN.'
  }
  if (BUSY.test(fault)) {
    return 'The local database was busy for 10 seconds, so nothing was written. Run the same command again, or stop the program that is using the database.'
  }
  return undefined
}
