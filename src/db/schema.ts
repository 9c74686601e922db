/**
 * The tables as Drizzle sees them. The migrations are the truth, since Drizzle has no words for STRICT and
 * for most CHECKs; a test compares the two.
 */
import { isNotNull } from 'drizzle-orm'
import { index, integer, sqliteTable, text, unique } from 'drizzle-orm/sqlite-core'

export const products = sqliteTable('products', {
  id: integer().primaryKey({ autoIncrement: true }),
  name: text().notNull(),
  status: text({ enum: ['active', 'inactive'] }).notNull(),
  createdAt: integer('created_at').notNull(),
  updatedAt: integer('updated_at').notNull(),
})

export const apiKeys = sqliteTable('api_keys', {
  id: integer().primaryKey({ autoIncrement: true }),
  name: text().notNull(),
  keyHash: text('key_hash').notNull().unique(),
  keyStart: text('key_start').notNull(),
  status: text({ enum: ['active', 'inactive'] }).notNull(),
  capabilities: text().notNull(),
  allowedIps: text('allowed_ips'),
  createdAt: integer('created_at').notNull(),
})

export const issuances = sqliteTable(
  'issuances',
  {
    id: integer().primaryKey(),
    source: text().notNull(),
    idempotencyKey: text('idempotency_key').notNull(),
    nonce: text().notNull(),
    productId: integer('product_id')
      .notNull()
      .references(() => products.id),
    quantity: integer().notNull(),
    ownerName: text('owner_name').notNull(),
    ownerEmail: text('owner_email').notNull(),
    validityDays: integer('validity_days').notNull(),
    activationLimit: integer('activation_limit').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [unique().on(table.source, table.idempotencyKey)],
)

export const licenseKeys = sqliteTable(
  'license_keys',
  {
    id: integer().primaryKey(),
    productId: integer('product_id')
      .notNull()
      .references(() => products.id),
    licenseKey: text('license_key').notNull().unique(),
    status: text({ enum: ['available', 'assigned', 'reserved', 'blocked'] }).notNull(),
    activationLimit: integer('activation_limit').notNull(),
    validityDays: integer('validity_days').notNull(),
    ownerName: text('owner_name'),
    ownerEmail: text('owner_email'),
    assignedAt: integer('assigned_at'),
    contractId: integer('contract_id'),
    issuanceId: integer('issuance_id').references(() => issuances.id),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [index('license_keys_by_issuance').on(table.issuanceId).where(isNotNull(table.issuanceId))],
)
