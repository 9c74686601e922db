import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { getTableColumns, is, SQL } from 'drizzle-orm'
import { getTableConfig, SQLiteSyncDialect, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { describe, expect, it } from 'vitest'
import * as schema from '../../src/db/schema.ts'

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

/** The tables that migrations made, and not the platform. */
function tableNames(): Promise<{ name: string; strict: number }[]> {
  return query(`select name, strict from pragma_table_list
    where schema = 'main' and type = 'table' and name not like 'sqlite\\_%' escape '\\' and name not like '\\_cf%' escape '\\'
      and name <> 'd1_migrations' order by name`)
}

const tables = Object.values(schema).flatMap((table) =>
  is(table, SQLiteTable) ? [[getTableConfig(table).name, table] as const] : [],
)

describe('the migrated database', () => {
  it('has exactly the tables that Drizzle knows, all of them STRICT', async () => {
    const names = tables.map(([name]) => name).sort()
    expect(await tableNames()).toEqual(names.map((name) => ({ name, strict: 1 })))
  })

  it('is not touched by a second run', async () => {
    const before = await query('select * from sqlite_schema')
    await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
    expect(await query('select * from sqlite_schema')).toEqual(before)
    expect(env.TEST_MIGRATIONS.length).toBeGreaterThan(0)
  })

  it('has no triggers, which the remote migration splitter cuts in two', async () => {
    expect(await query(`select name from sqlite_schema where type = 'trigger'`)).toEqual([])
  })

  it.each(tables)('has the columns of %s, with their types and keys', async (name, table) => {
    const columns = await query<Column>('select name, type, "notnull", pk from pragma_table_info(?)', name)
    expect(columns).toEqual(
      Object.values(getTableColumns(table)).map((column) => ({
        name: column.name,
        type: column.getSQLType().toUpperCase(),
        // SQLite says 0 for a primary key, which Drizzle calls not null.
        notnull: column.notNull && !column.primary ? 1 : 0,
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
    expect(keys).toEqual(known.sort((one, other) => String(one.from).localeCompare(String(other.from))))
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

describe('the database itself refuses', () => {
  const key = {
    product_id: 1,
    license_key: 'k',
    status: 'assigned',
    activation_limit: 0,
    validity_days: 0,
    assigned_at: 1,
    created_at: 1,
    updated_at: 1,
  }
  const apiKey = {
    name: 'n',
    key_hash: 'a'.repeat(64),
    key_start: '',
    status: 'active',
    capabilities: '[]',
    created_at: 1,
  }
  const issuance = {
    source: 'api:1',
    idempotency_key: 'k',
    nonce: 'n',
    product_id: 1,
    quantity: 1,
    owner_name: 'n',
    owner_email: 'e',
    validity_days: 0,
    activation_limit: 0,
    created_at: 1,
  }
  const product = { name: 'n', status: 'active', created_at: 1, updated_at: 1 }
  const offer = {
    provider: 'stripe',
    external_id: 'price',
    product_id: 1,
    keys_per_unit: 1,
    mode: 'seats',
    validity_days: 0,
    activation_limit: 0,
  }
  const event = {
    provider: 'stripe',
    event_id: 'e',
    type: 't',
    mode: 'live',
    received_at: 1,
    outcome: 'issued',
  }
  const reversal = {
    provider: 'stripe',
    reversal_id: 'r',
    reference: 'o',
    is_active: 1,
    occurred_at: 1,
    phase: 0,
    nonce: 'n',
  }
  const line = { issuance_id: 1, provider: 'stripe', order_id: 'o', line: '1', units: 1 }
  const delivery = {
    issuance_id: 1,
    channel: 'email',
    status: 'pending',
    due_at: 1,
    created_at: 1,
    updated_at: 1,
  }

  async function insert(table: string, row: Record<string, unknown>): Promise<void> {
    const names = Object.keys(row)
    await env.DB.prepare(`insert into ${table} (${names}) values (${names.map(() => '?')})`)
      .bind(...Object.values(row))
      .run()
  }

  it('nothing that is right', async () => {
    await insert('products', { ...product, id: 1 })
    await insert('api_keys', apiKey)
    await insert('issuances', issuance)
    await insert('license_keys', key)
    await insert('offers', offer)
    await insert('webhook_events', event)
    await insert('reversals', reversal)
    await insert('order_lines', line)
    await insert('deliveries', delivery)
  })

  it.each([
    ['products', { ...product, status: 'gone' }],
    ['products', { ...product, id: 2_147_483_648 }],
    ['products', { ...product, name: '' }],
    ['products', { ...product, created_at: 'today' }],
    ['api_keys', { ...apiKey, key_hash: 'A'.repeat(64) }],
    ['api_keys', { ...apiKey, key_hash: 'a'.repeat(63) }],
    ['api_keys', { ...apiKey, key_hash: 'b'.repeat(64), capabilities: '{}' }],
    ['api_keys', { ...apiKey, key_hash: 'b'.repeat(64), capabilities: 'x' }],
    ['api_keys', { ...apiKey, key_hash: 'b'.repeat(64), allowed_ips: '[]' }],
    ['api_keys', { ...apiKey, key_hash: 'b'.repeat(64), key_start: 'too-long-to-be-a-start' }],
    ['api_keys', apiKey],
    ['issuances', { ...issuance, idempotency_key: 'l', quantity: 0 }],
    ['issuances', { ...issuance, idempotency_key: 'l', quantity: 10_001 }],
    ['issuances', { ...issuance, idempotency_key: 'l', product_id: 2 }],
    ['issuances', { ...issuance, idempotency_key: 'l', validity_days: 36_501 }],
    ['issuances', { ...issuance, idempotency_key: 'l', owner_name: '' }],
    ['issuances', issuance],
    ['license_keys', { ...key, license_key: 'l', status: 'active' }],
    ['license_keys', { ...key, license_key: 'l', assigned_at: null }],
    ['license_keys', { ...key, license_key: 'l', product_id: 2 }],
    ['license_keys', { ...key, license_key: 'l', issuance_id: 99 }],
    ['license_keys', { ...key, license_key: 'l', activation_limit: -1 }],
    ['license_keys', key],
    ['license_keys', { ...key, license_key: 'l', status_before_reversal: 'gone' }],
    ['products', { ...product, delivery_webhook_url: '' }],
    ['offers', { ...offer, provider: 'ebay', external_id: 'p' }],
    ['offers', { ...offer, keys_per_unit: 0, external_id: 'p' }],
    ['offers', { ...offer, keys_per_unit: 101, external_id: 'p' }],
    ['offers', { ...offer, mode: 'all', external_id: 'p' }],
    ['offers', { ...offer, product_id: 99, external_id: 'p' }],
    ['offers', offer],
    ['webhook_events', { ...event, outcome: 'lost', event_id: 'f' }],
    ['webhook_events', { ...event, event_id: '' }],
    ['webhook_events', { ...event, event_id: 'f', mode: 'both' }],
    ['webhook_events', event],
    ['reversals', { ...reversal, lines: '{}', reversal_id: 's' }],
    ['reversals', { ...reversal, is_active: 2, reversal_id: 's' }],
    ['reversals', reversal],
    ['order_lines', { ...line, issuance_id: 99, line: '2' }],
    ['order_lines', { ...line, units: 0, line: '2' }],
    ['order_lines', line],
    ['deliveries', { ...delivery, channel: 'fax' }],
    ['deliveries', { ...delivery, channel: 'webhook', status: 'lost' }],
    ['deliveries', delivery],
  ])('in %s: %j', async (table, row) => {
    await expect(insert(table, row)).rejects.toThrow(/constraint failed|cannot store|malformed JSON/)
  })
})
