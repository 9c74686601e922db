/** All stored rows as text, to compare the database before and after a request. */
import { env } from 'cloudflare:workers'
import { getTableName, is } from 'drizzle-orm'
import { SQLiteTable } from 'drizzle-orm/sqlite-core'
import * as schema from '../../src/db/schema/index.ts'

export async function allRows(): Promise<string> {
  const tables = Object.values(schema).flatMap((table) =>
    is(table, SQLiteTable) ? [getTableName(table)] : [],
  )
  const results = await env.DB.batch(tables.map((table) => env.DB.prepare(`select * from ${table}`)))
  return JSON.stringify(results.map(({ results: rows }) => rows))
}
