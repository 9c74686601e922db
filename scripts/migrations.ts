/** Finds the migrations that a database lacks. */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import type { Row } from './database.ts'
import { projectFolder } from './wrangler.ts'

/** Selects the applied migrations. Fails on a database that was never migrated. */
export const SELECT_APPLIED = 'select name from d1_migrations'

export const migrations: readonly string[] = readdirSync(path.join(projectFolder, 'migrations'))
  .filter((name) => name.endsWith('.sql'))
  .sort()

/** @param applied rows of `SELECT_APPLIED` */
export function missingMigrations(applied: readonly Row[]): string[] {
  return migrations.filter((migration) => !applied.some(({ name }) => name === migration))
}
