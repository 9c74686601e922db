/**
 * The tables as Drizzle sees them. The migrations are the truth, since Drizzle has no words for STRICT and
 * for most CHECKs; a test compares the two.
 */
import { isNotNull, sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, unique } from 'drizzle-orm/sqlite-core'

export const products = sqliteTable('products', {
  id: integer().primaryKey({ autoIncrement: true }),
  name: text().notNull(),
  status: text({ enum: ['active', 'inactive'] }).notNull(),
  createdAt: integer('created_at').notNull(),
  updatedAt: integer('updated_at').notNull(),
  deliveryWebhookUrl: text('delivery_webhook_url'),
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
    statusBeforeReversal: text('status_before_reversal', {
      enum: ['available', 'assigned', 'reserved', 'blocked'],
    }),
  },
  (table) => [index('license_keys_by_issuance').on(table.issuanceId).where(isNotNull(table.issuanceId))],
)

export const offers = sqliteTable(
  'offers',
  {
    id: integer().primaryKey(),
    provider: text().notNull(),
    externalId: text('external_id').notNull(),
    productId: integer('product_id')
      .notNull()
      .references(() => products.id),
    keysPerUnit: integer('keys_per_unit').notNull(),
    mode: text({ enum: ['key-per-unit', 'seats'] }).notNull(),
    validityDays: integer('validity_days').notNull(),
    activationLimit: integer('activation_limit').notNull(),
  },
  (table) => [unique().on(table.provider, table.externalId)],
)

/** What became of an event, as the column `outcome` says it. */
export const OUTCOMES = [
  'issued',
  'duplicate',
  'revoked',
  'reinstated',
  'renewed',
  'flagged',
  'ignored',
  'unmapped',
  'waiting',
  'failed',
] as const
export type Outcome = (typeof OUTCOMES)[number]

export const webhookEvents = sqliteTable(
  'webhook_events',
  {
    id: integer().primaryKey(),
    provider: text().notNull(),
    eventId: text('event_id').notNull(),
    type: text().notNull(),
    orderId: text('order_id'),
    mode: text({ enum: ['live', 'test'] }).notNull(),
    receivedAt: integer('received_at').notNull(),
    outcome: text({ enum: OUTCOMES }).notNull(),
    note: text(),
    payload: text(),
    dueAt: integer('due_at'),
    attempts: integer().notNull().default(0),
  },
  (table) => [
    unique().on(table.provider, table.eventId),
    index('webhook_events_due').on(table.dueAt).where(sql`${table.outcome} = 'waiting'`),
    index('webhook_events_to_empty').on(table.receivedAt).where(isNotNull(table.payload)),
  ],
)

export const orderReferences = sqliteTable(
  'order_references',
  {
    id: integer().primaryKey(),
    provider: text().notNull(),
    reference: text().notNull(),
    orderId: text('order_id').notNull(),
  },
  (table) => [
    unique().on(table.provider, table.reference, table.orderId),
    index('order_references_by_order').on(table.provider, table.orderId, table.reference),
  ],
)

export const orderLines = sqliteTable(
  'order_lines',
  {
    issuanceId: integer('issuance_id')
      .primaryKey()
      .references(() => issuances.id),
    provider: text().notNull(),
    orderId: text('order_id').notNull(),
    line: text().notNull(),
    units: integer().notNull(),
    renewedPeriods: integer('renewed_periods').notNull().default(0),
  },
  (table) => [unique().on(table.provider, table.orderId, table.line)],
)

export const reversals = sqliteTable(
  'reversals',
  {
    id: integer().primaryKey(),
    provider: text().notNull(),
    reversalId: text('reversal_id').notNull(),
    reference: text().notNull(),
    lines: text(),
    isActive: integer('is_active').notNull(),
    occurredAt: integer('occurred_at').notNull(),
    phase: integer().notNull(),
    nonce: text().notNull(),
  },
  (table) => [
    unique().on(table.provider, table.reversalId),
    index('reversals_by_reference').on(table.provider, table.reference),
  ],
)

export const renewals = sqliteTable(
  'renewals',
  {
    id: integer().primaryKey(),
    provider: text().notNull(),
    subscription: text().notNull(),
    period: text().notNull(),
    orderId: text('order_id').notNull(),
    isFirst: integer('is_first').notNull(),
    nonce: text().notNull(),
  },
  (table) => [
    unique().on(table.provider, table.subscription, table.period, table.orderId),
    index('renewals_by_order').on(table.provider, table.orderId, table.subscription),
  ],
)

export const CHANNELS = ['webhook', 'email'] as const
export type Channel = (typeof CHANNELS)[number]

export const deliveries = sqliteTable(
  'deliveries',
  {
    id: integer().primaryKey(),
    issuanceId: integer('issuance_id')
      .notNull()
      .references(() => issuances.id),
    channel: text({ enum: CHANNELS }).notNull(),
    status: text({ enum: ['pending', 'delivered', 'failed', 'cancelled'] }).notNull(),
    attempts: integer().notNull().default(0),
    dueAt: integer('due_at').notNull(),
    lastResult: text('last_result'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    unique().on(table.issuanceId, table.channel),
    index('deliveries_due').on(table.dueAt).where(sql`${table.status} = 'pending'`),
  ],
)
