/** The work of the queue: orders to issue, and deliveries to send. */
import { isNotNull, sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, unique, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { erasures, issuances, licenseKeys, ORIGINS, products } from './licensing.ts'

/** Why an order cannot be issued. */
export const OBSTACLES = ['product-not-found', 'generator-not-found', 'stock-insufficient'] as const
export type Obstacle = (typeof OBSTACLES)[number]

export const queuedOrders = sqliteTable(
  'queued_orders',
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
    origin: text({ enum: ORIGINS }).notNull(),
    requestedValidityDays: integer('requested_validity_days'),
    requestedActivationLimit: integer('requested_activation_limit'),
    identifier: text(),
    webhookUrl: text('webhook_url').notNull(),
    status: text({ enum: ['issuing', 'releasing', 'issued', 'refused'] }).notNull(),
    chunks: integer().notNull().default(0),
    issuedQuantity: integer('issued_quantity').notNull().default(0),
    refusal: text({ enum: OBSTACLES }),
    availableQuantity: integer('available_quantity'),
    dueAt: integer('due_at').notNull(),
    attempts: integer().notNull().default(0),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    erasureId: integer('erasure_id').references(() => erasures.id),
  },
  (table) => [
    unique().on(table.source, table.idempotencyKey),
    index('queued_orders_by_owner_email').on(table.ownerEmail),
    index('queued_orders_due').on(table.dueAt).where(sql`${table.status} in ('issuing', 'releasing')`),
  ],
)

export const termsInStock = sqliteTable('terms_in_stock', {
  issuanceId: integer('issuance_id')
    .primaryKey()
    .references(() => issuances.id),
  terms: text().notNull(),
})

export const CHANNELS = ['webhook', 'email', 'callback'] as const
export type Channel = (typeof CHANNELS)[number]

export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed', 'cancelled'] as const
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number]

/** Why the recipient of an e-mail did not get or want it. */
export const BOUNCES = ['bounced', 'rejected', 'failed', 'complained'] as const
export type Bounce = (typeof BOUNCES)[number]

export const deliveries = sqliteTable(
  'deliveries',
  {
    id: integer().primaryKey(),
    issuanceId: integer('issuance_id').references(() => issuances.id),
    licenseKeyId: integer('license_key_id').references(() => licenseKeys.id, { onDelete: 'cascade' }),
    queuedOrderId: integer('queued_order_id').references(() => queuedOrders.id),
    channel: text({ enum: CHANNELS }).notNull(),
    serial: integer().notNull().default(1),
    recipient: text(),
    status: text({ enum: DELIVERY_STATUSES }).notNull(),
    attempts: integer().notNull().default(0),
    timeouts: integer().notNull().default(0),
    dueAt: integer('due_at').notNull(),
    lastResult: text('last_result'),
    messageId: text('message_id'),
    arrivedAt: integer('arrived_at'),
    bounce: text({ enum: BOUNCES }),
    bouncedAt: integer('bounced_at'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    unique().on(table.issuanceId, table.channel, table.serial),
    uniqueIndex('deliveries_by_queued_order').on(table.queuedOrderId).where(isNotNull(table.queuedOrderId)),
    uniqueIndex('deliveries_by_license_key')
      .on(table.licenseKeyId, table.serial)
      .where(isNotNull(table.licenseKeyId)),
    index('deliveries_by_recipient').on(table.recipient).where(isNotNull(table.recipient)),
    index('deliveries_by_message').on(table.messageId).where(isNotNull(table.messageId)),
    index('deliveries_bounced').on(table.bouncedAt).where(isNotNull(table.bouncedAt)),
    index('deliveries_due').on(table.dueAt).where(sql`${table.status} = 'pending'`),
    index('deliveries_failed').on(table.updatedAt).where(sql`${table.status} = 'failed'`),
  ],
)
