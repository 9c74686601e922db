/** What the service remembers about itself. */
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

export const cronRuns = sqliteTable('cron_runs', {
  cron: text().notNull().unique(),
  ranAt: integer('ran_at').notNull(),
  databaseBytes: integer('database_bytes'),
})
