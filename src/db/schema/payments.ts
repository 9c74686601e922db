/** Offers at payment providers, and the payment events that the providers reported. */
import { isNotNull, isNull, sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, unique, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { erasures, issuances, products } from './licensing.ts'

export const offers = sqliteTable(
  'offers',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    provider: text().notNull(),
    externalId: text('external_id').notNull(),
    productId: integer('product_id')
      .notNull()
      .references(() => products.id),
    keysPerUnit: integer('keys_per_unit').notNull(),
    mode: text({ enum: ['key-per-unit', 'seats'] }).notNull(),
    validityDays: integer('validity_days').notNull(),
    activationLimit: integer('activation_limit').notNull(),
    followsSubscription: integer('follows_subscription').notNull().default(1),
    graceDays: integer('grace_days').notNull().default(3),
    features: text(),
    removedAt: integer('removed_at'),
  },
  (table) => [
    uniqueIndex('offers_by_external_id').on(table.provider, table.externalId).where(isNull(table.removedAt)),
  ],
)

/** The results of processing an event, in the column `outcome`. */
export const OUTCOMES = [
  'issued',
  'duplicate',
  'revoked',
  'reinstated',
  'renewed',
  'changed',
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
    updatedAt: integer('updated_at').notNull().default(0),
    erasureId: integer('erasure_id').references(() => erasures.id),
  },
  (table) => [
    unique().on(table.provider, table.eventId),
    index('webhook_events_due').on(table.dueAt).where(sql`${table.outcome} = 'waiting'`),
    index('webhook_events_to_empty').on(table.receivedAt).where(isNotNull(table.payload)),
    index('webhook_events_failed').on(table.updatedAt).where(sql`${table.outcome} = 'failed'`),
    index('webhook_events_by_order').on(table.orderId).where(isNotNull(table.orderId)),
    index('webhook_events_unmapped')
      .on(table.updatedAt)
      .where(sql`outcome = 'unmapped' or outcome in ('issued', 'flagged') and note is not null`),
  ],
)

export const orderReferences = sqliteTable(
  'order_references',
  {
    id: integer().primaryKey(),
    provider: text().notNull(),
    reference: text().notNull(),
    orderId: text('order_id').notNull(),
    amount: integer(),
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
    offerId: integer('offer_id').references(() => offers.id),
    subscription: text(),
    isOneTime: integer('is_one_time').notNull().default(0),
    expiresAt: integer('expires_at'),
    currentOfferId: integer('current_offer_id').references(() => offers.id),
    currentUnits: integer('current_units'),
    settledBy: text('settled_by'),
    isPlanNew: integer('is_plan_new').notNull().default(0),
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
    amount: integer(),
    isActive: integer('is_active').notNull(),
    occurredAt: integer('occurred_at').notNull(),
    phase: integer().notNull(),
    nonce: text().notNull(),
    isCounted: integer('is_counted').notNull().default(0),
    counted: text(),
  },
  (table) => [
    unique().on(table.provider, table.reversalId),
    index('reversals_by_reference').on(table.provider, table.reference),
    index('reversals_to_count').on(table.id).where(sql`${table.isCounted} = 0`),
  ],
)

export const paidPeriods = sqliteTable(
  'paid_periods',
  {
    id: integer().primaryKey(),
    provider: text().notNull(),
    subscription: text().notNull(),
    payment: text().notNull(),
    name: text().notNull(),
    paidAt: integer('paid_at').notNull(),
    endsAt: integer('ends_at'),
    nonce: text().notNull(),
  },
  (table) => [
    unique().on(table.provider, table.subscription, table.payment),
    index('paid_periods_by_payment').on(table.provider, table.payment, table.subscription),
  ],
)

export const subscriptionReports = sqliteTable(
  'subscription_reports',
  {
    id: integer().primaryKey(),
    provider: text().notNull(),
    subscription: text().notNull(),
    occurredAt: integer('occurred_at').notNull(),
    report: text().notNull(),
    plan: text(),
    nonce: text().notNull(),
  },
  (table) => [unique().on(table.provider, table.subscription, table.occurredAt, table.report)],
)
