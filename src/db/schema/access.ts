/** API keys, operators, the blocklist, the refusals of the page /offline, and the operations that callers performed. */
import { index, integer, sqliteTable, text, unique } from 'drizzle-orm/sqlite-core'

export const apiKeys = sqliteTable('api_keys', {
  id: integer().primaryKey({ autoIncrement: true }),
  name: text().notNull(),
  keyHash: text('key_hash').notNull().unique(),
  keyStart: text('key_start').notNull(),
  status: text({ enum: ['active', 'inactive'] }).notNull(),
  capabilities: text().notNull(),
  allowedIps: text('allowed_ips'),
  productIds: text('product_ids'),
  expiresAt: integer('expires_at'),
  lastUsedAt: integer('last_used_at'),
  createdAt: integer('created_at').notNull(),
  updatedAt: integer('updated_at').notNull().default(0),
})

export const operators = sqliteTable('operators', {
  id: integer().primaryKey({ autoIncrement: true }),
  name: text().notNull(),
  email: text(),
  role: text({ enum: ['viewer', 'support', 'owner', 'root'] }).notNull(),
  tokenHash: text('token_hash').notNull().unique(),
  tokenStart: text('token_start').notNull(),
  status: text({ enum: ['active', 'revoked'] }).notNull(),
  expiresAt: integer('expires_at'),
  lastUsedAt: integer('last_used_at'),
  createdAt: integer('created_at').notNull(),
  updatedAt: integer('updated_at').notNull(),
})

export const blocklist = sqliteTable(
  'blocklist',
  {
    id: integer().primaryKey(),
    kind: text({ enum: ['network', 'identifier'] }).notNull(),
    value: text().notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [unique().on(table.kind, table.value)],
)

export const offlineRefusals = sqliteTable(
  'offline_refusals',
  {
    id: integer().primaryKey(),
    addressHash: text('address_hash').notNull(),
    request: text().notNull(),
    refusedAt: integer('refused_at').notNull(),
  },
  (table) => [unique().on(table.addressHash, table.request)],
)

/** Both tables of operations have the same columns, so that one definition of an operation writes to either. */
function operationsTable<Name extends string>(name: Name) {
  return sqliteTable(
    name,
    {
      id: integer().primaryKey(),
      source: text().notNull(),
      endpoint: text().notNull(),
      idempotencyKey: text('idempotency_key').notNull(),
      fingerprint: text().notNull(),
      nonce: text().notNull(),
      outcome: text().notNull(),
      createdAt: integer('created_at').notNull(),
    },
    (table) => [unique().on(table.source, table.endpoint, table.idempotencyKey)],
  )
}

export const operations = operationsTable('operations')

/** The operations of software, whose copies share an API key. */
export const useOperations = operationsTable('use_operations')

export const auditEntries = sqliteTable(
  'audit_entries',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    at: integer().notNull(),
    actor: text().notNull(),
    action: text().notNull(),
    subject: text(),
    reason: text(),
    before: text(),
    after: text(),
    nonce: text().notNull(),
  },
  (table) => [
    index('audit_entries_by_subject').on(table.subject, table.id),
    index('audit_entries_by_time').on(table.at),
  ],
)
