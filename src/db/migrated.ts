/** How far the database is migrated. */
import { compileText, type Database, runBatch } from './batch.ts'

/** The last of the folder `migrations`: what this code is written for. */
export const NEWEST_MIGRATION = '0001_initial.sql'

/** Wrangler's own record of what it has applied. */
const selectNewest = compileText<{ readonly newest: string | null }>(
  'select max(name) as newest from d1_migrations',
)

/**
 * Whether the database knows every table this code needs. One that is ahead will do: it is migrated before the code
 * that needs it is deployed, and migrations take nothing away that code in use relies on.
 *
 * @throws DatabaseStatementError where it was never migrated
 * @throws DatabaseUnavailableError
 */
export async function isMigrated(db: Database): Promise<boolean> {
  const [[row]] = await runBatch(db, [{ statement: selectNewest, values: {} }])
  return (row?.newest ?? '') >= NEWEST_MIGRATION
}
