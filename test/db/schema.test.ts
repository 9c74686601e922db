import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { getTableColumns, is, SQL } from 'drizzle-orm'
import { getTableConfig, SQLiteSyncDialect, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { describe, expect, it } from 'vitest'
import * as schema from '../../src/db/schema/index.ts'

interface Column {
  readonly name: string
  readonly type: string
  readonly notnull: number
  readonly pk: number
}

async function query<Row>(sql: string, ...values: unknown[]): Promise<Row[]> {
  const { results } = await env.DB.prepare(sql)
    .bind(...values)
    .all<Row>()
  return results
}

/** The tables that migrations created, without those of the platform. */
function tableNames(): Promise<{ name: string; strict: number }[]> {
  return query(`select name, strict from pragma_table_list
    where schema = 'main' and type = 'table' and name not like 'sqlite\\_%' escape '\\' and name not like '\\_cf%' escape '\\'
      and name <> 'd1_migrations' order by name`)
}

const tables = Object.values(schema).flatMap((table) =>
  is(table, SQLiteTable) ? [[getTableConfig(table).name, table] as const] : [],
)

describe('the migrated database', () => {
  it('has exactly the tables of the Drizzle schema, all STRICT', async () => {
    const names = tables.map(([name]) => name).sort()
    expect(await tableNames()).toEqual(names.map((name) => ({ name, strict: 1 })))
  })

  it('is unchanged by a second run of the migrations', async () => {
    const before = await query('select * from sqlite_schema')
    await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
    expect(await query('select * from sqlite_schema')).toEqual(before)
    expect(env.TEST_MIGRATIONS.length).toBeGreaterThan(0)
  })

  it('has no triggers, which remote migrations cannot contain', async () => {
    expect(await query(`select name from sqlite_schema where type = 'trigger'`)).toEqual([])
  })

  it.each(tables)('has the columns of %s, with types and keys', async (name, table) => {
    const columns = await query<Column>('select name, type, "notnull", pk from pragma_table_info(?)', name)
    expect(columns).toEqual(
      Object.values(getTableColumns(table)).map((column) => ({
        name: column.name,
        type: column.getSQLType().toUpperCase(),
        // SQLite reports 0 for an INTEGER PRIMARY KEY, which is NOT NULL in Drizzle.
        notnull: column.notNull && !(column.primary && column.getSQLType() === 'integer') ? 1 : 0,
        pk: column.primary ? 1 : 0,
      })),
    )
  })

  it.each(tables)('has the foreign keys of %s', async (name, table) => {
    const keys = await query(
      'select "from", "table", "to" from pragma_foreign_key_list(?) order by "from"',
      name,
    )
    const known = getTableConfig(table).foreignKeys.map((key) => {
      const { columns, foreignColumns, foreignTable } = key.reference()
      return { from: columns[0]?.name, table: getTableConfig(foreignTable).name, to: foreignColumns[0]?.name }
    })
    expect(keys).toEqual(known.sort((a, b) => String(a.from).localeCompare(String(b.from))))
  })

  it.each(tables)('has the indexes and unique constraints of %s', async (name, table) => {
    const { indexes, uniqueConstraints, columns } = getTableConfig(table)
    const known = [
      ...columns.filter((column) => column.isUnique).map((column) => `unique ${column.name}`),
      ...uniqueConstraints.map(
        (constraint) => `unique ${constraint.columns.map((column) => column.name).join()}`,
      ),
      ...indexes.map(({ config }) => {
        const on = config.columns.map((column) => (is(column, SQL) ? '?' : column.name)).join()
        const where = config.where ? new SQLiteSyncDialect().sqlToQuery(config.where).sql : ''
        return `${config.name} ${on} ${where.replace(/"\w+"\."(\w+)"/, '$1')}`.trim()
      }),
    ]
    const indexRows = await query<{ name: string; origin: string; unique: number; sql: string | null }>(
      `select list.name, list.origin, list."unique", sqlite_schema.sql from pragma_index_list(?) as list
       left join sqlite_schema on sqlite_schema.name = list.name where list.origin <> 'pk'`,
      name,
    )
    const found: string[] = []
    for (const index of indexRows) {
      const on = await query<{ name: string }>('select name from pragma_index_info(?)', index.name)
      const where = /where (.*)$/i.exec(index.sql ?? '')?.[1]?.toLowerCase() ?? ''
      const names = on.map((column) => column.name).join()
      found.push(index.origin === 'u' ? `unique ${names}` : `${index.name} ${names} ${where}`.trim())
    }
    expect(found.sort()).toEqual(known.sort())
  })
})
