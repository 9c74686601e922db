/** What the database contains about a person. */
import { env } from 'cloudflare:workers'
import { getTableName, is } from 'drizzle-orm'
import { SQLiteTable } from 'drizzle-orm/sqlite-core'
import * as schema from '../../src/db/schema/index.ts'
import { type ApiResponse, post } from './client.ts'
import { orderFields, type Shop } from './shop.ts'

const TABLES = Object.values(schema).flatMap((table) => (is(table, SQLiteTable) ? [getTableName(table)] : []))

/** The tables that contain one of the texts, in any case. */
export async function tablesWith(...texts: readonly string[]): Promise<string[]> {
  const results = await env.DB.batch(TABLES.map((table) => env.DB.prepare(`select * from ${table}`)))
  return TABLES.filter((_, index) => {
    const rows = JSON.stringify(results[index]?.results).toLowerCase()
    return texts.some((text) => rows.includes(text.toLowerCase()))
  }).sort()
}

/** Orders keys by API. */
export function order(
  shop: Shop,
  idempotencyKey: string | undefined,
  changes: Record<string, unknown> = {},
): Promise<ApiResponse> {
  const headers = idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }
  return post(orderFields(shop, changes), { headers })
}

/** Runs SQL without results. */
export async function run(sql: string, ...values: unknown[]): Promise<void> {
  await env.DB.prepare(sql)
    .bind(...values)
    .run()
}

/** The only value of the first row. */
export async function only(sql: string, ...values: unknown[]): Promise<unknown> {
  const row = await env.DB.prepare(sql)
    .bind(...values)
    .raw<[unknown]>()
  return row[0]?.[0]
}

export const ERASED = { owner_name: 'Erased', owner_email: 'erased@owner.invalid' }
