/** Imports of license keys from elsewhere. */
import { integer, sqliteTable, text, unique } from 'drizzle-orm/sqlite-core'

export const importChunks = sqliteTable(
  'import_chunks',
  {
    id: integer().primaryKey(),
    importId: text('import_id').notNull(),
    chunk: integer().notNull(),
    format: text().notNull(),
    fingerprint: text().notNull(),
    results: text().notNull(),
    rowCount: integer('row_count').notNull(),
    created: integer().notNull(),
    duplicate: integer().notNull(),
    skipped: integer().notNull(),
    refused: integer().notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [unique().on(table.importId, table.chunk)],
)
