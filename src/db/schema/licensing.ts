/** Products, generators, contracts, issuances and license keys. */
import { isNotNull, sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, unique, uniqueIndex } from 'drizzle-orm/sqlite-core'

export const products = sqliteTable(
  'products',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    name: text().notNull(),
    description: text().notNull().default(''),
    status: text({ enum: ['active', 'inactive'] }).notNull(),
    source: text({ enum: ['internal', 'envato'] })
      .notNull()
      .default('internal'),
    externalReference: text('external_reference').notNull().default(''),
    requireNonExpired: integer('require_non_expired').notNull().default(0),
    deliveryWebhookUrl: text('delivery_webhook_url'),
    features: text(),
    domainDevices: integer('domain_devices').notNull().default(0),
    trialDays: integer('trial_days'),
    anyMachineFiles: integer('any_machine_files').notNull().default(0),
    offlinePage: integer('offline_page').notNull().default(0),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    deletedAt: integer('deleted_at'),
  },
  (table) => [index('products_with_offline_page').on(table.id).where(sql`${table.offlinePage} = 1`)],
)

/** Erasures of the data of people. */
export const erasures = sqliteTable(
  'erasures',
  {
    id: integer().primaryKey(),
    email: text(),
    names: text(),
    issuancesDone: integer('issuances_done').notNull().default(0),
    eventsDone: integer('events_done').notNull().default(0),
    operationsDone: integer('operations_done').notNull().default(0),
    auditDone: integer('audit_done').notNull().default(0),
    startedAt: integer('started_at').notNull(),
    finishedAt: integer('finished_at'),
  },
  (table) => [uniqueIndex('erasures_by_email').on(table.email).where(isNotNull(table.email))],
)

/** Where the keys came from: fresh UUIDs, a generator, or the stock. */
export const ORIGINS = ['fresh', 'generator', 'stock'] as const
export type Origin = (typeof ORIGINS)[number]

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
    contractId: integer('contract_id'),
    origin: text({ enum: ORIGINS }).notNull().default('fresh'),
    quantity: integer().notNull(),
    ownerName: text('owner_name').notNull(),
    ownerEmail: text('owner_email').notNull(),
    reference: text(),
    validityDays: integer('validity_days').notNull(),
    activationLimit: integer('activation_limit').notNull(),
    requestedValidityDays: integer('requested_validity_days'),
    requestedActivationLimit: integer('requested_activation_limit'),
    createdAt: integer('created_at').notNull(),
    erasureId: integer('erasure_id').references(() => erasures.id),
  },
  (table) => [
    unique().on(table.source, table.idempotencyKey),
    index('issuances_by_erasure').on(table.erasureId).where(isNotNull(table.erasureId)),
    index('issuances_by_reference').on(table.reference).where(isNotNull(table.reference)),
    // The indexes of owners have the collation NOCASE, which Drizzle cannot declare.
    index('issuances_by_owner_email').on(table.ownerEmail),
    index('issuances_by_owner_name').on(table.ownerName),
  ],
)

export const orderAttempts = sqliteTable('order_attempts', {
  fingerprint: text().primaryKey(),
  idempotencyKey: text('idempotency_key').notNull(),
  arrivedAt: integer('arrived_at').notNull(),
  committedAt: integer('committed_at').notNull(),
})

export const LICENSE_KEY_STATUSES = ['available', 'assigned', 'reserved', 'blocked'] as const
export type LicenseKeyStatus = (typeof LICENSE_KEY_STATUSES)[number]

export const licenseKeys = sqliteTable(
  'license_keys',
  {
    id: integer().primaryKey(),
    productId: integer('product_id')
      .notNull()
      .references(() => products.id),
    issuanceId: integer('issuance_id').references(() => issuances.id),
    contractId: integer('contract_id'),
    licenseKey: text('license_key').notNull().unique(),
    status: text({ enum: LICENSE_KEY_STATUSES }).notNull(),
    statusBeforeReversal: text('status_before_reversal', { enum: LICENSE_KEY_STATUSES }),
    activationLimit: integer('activation_limit').notNull(),
    validityDays: integer('validity_days').notNull(),
    ownerName: text('owner_name'),
    ownerEmail: text('owner_email'),
    assignedAt: integer('assigned_at'),
    features: text(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    expiresAt: integer('expires_at'),
    correctionDays: integer('correction_days'),
    hasNewOwner: integer('has_new_owner'),
  },
  (table) => [
    index('license_keys_by_issuance').on(table.issuanceId).where(isNotNull(table.issuanceId)),
    index('license_keys_in_stock').on(table.productId).where(sql`${table.status} = 'available'`),
    index('license_keys_by_contract').on(table.contractId).where(isNotNull(table.contractId)),
    index('license_keys_by_owner_email')
      .on(table.ownerEmail)
      .where(sql`(issuance_id is null or has_new_owner = 1) and owner_email is not null`),
    index('license_keys_by_owner_name')
      .on(table.ownerName)
      .where(sql`(issuance_id is null or has_new_owner = 1) and owner_name is not null`),
  ],
)

export const licenseKeysAsIssued = sqliteTable(
  'license_keys_as_issued',
  {
    id: integer().primaryKey(),
    issuanceId: integer('issuance_id')
      .notNull()
      .references(() => issuances.id),
    licenseKeyId: integer('license_key_id').notNull(),
    licenseKey: text('license_key').notNull(),
    activationLimit: integer('activation_limit').notNull(),
    validityDays: integer('validity_days').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [unique().on(table.issuanceId, table.licenseKeyId)],
)

/** Links a reissued license key to the key that it replaces in its order. */
export const reissues = sqliteTable(
  'reissues',
  {
    issuanceId: integer('issuance_id')
      .primaryKey()
      .references(() => issuances.id),
    orderIssuanceId: integer('order_issuance_id')
      .notNull()
      .references(() => issuances.id),
    placeId: integer('place_id').notNull(),
  },
  (table) => [index('reissues_by_order').on(table.orderIssuanceId)],
)

export const licenseKeyMetadata = sqliteTable(
  'license_key_metadata',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    licenseKeyId: integer('license_key_id')
      .notNull()
      .references(() => licenseKeys.id, { onDelete: 'cascade' }),
    key: text().notNull(),
    value: text().notNull(),
  },
  (table) => [unique().on(table.licenseKeyId, table.key)],
)

export const productMetadata = sqliteTable(
  'product_metadata',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    productId: integer('product_id')
      .notNull()
      .references(() => products.id),
    key: text().notNull(),
    value: text().notNull(),
  },
  (table) => [unique().on(table.productId, table.key)],
)

export const generators = sqliteTable(
  'generators',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    productId: integer('product_id')
      .notNull()
      .references(() => products.id),
    method: text({ enum: ['uuid', 'chunk-system'] }).notNull(),
    prefix: text().notNull(),
    suffix: text().notNull(),
    charset: text().notNull(),
    numberOfChunks: integer('number_of_chunks').notNull(),
    chunkLength: integer('chunk_length').notNull(),
    activationLimit: integer('activation_limit').notNull(),
    validityDays: integer('validity_days').notNull(),
    status: integer().notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [index('generators_by_product').on(table.productId).where(sql`${table.status} = 1`)],
)

export const contracts = sqliteTable('contracts', {
  id: integer().primaryKey({ autoIncrement: true }),
  contractKey: text('contract_key').notNull().unique(),
  name: text().notNull(),
  information: text().notNull(),
  productId: integer('product_id')
    .notNull()
    .references(() => products.id),
  licenseKeysQuantity: integer('license_keys_quantity').notNull(),
  status: text({ enum: ['active', 'inactive'] }).notNull(),
  canGetInfo: integer('can_get_info').notNull(),
  canGenerate: integer('can_generate').notNull(),
  canDestroy: integer('can_destroy').notNull(),
  canDestroyAll: integer('can_destroy_all').notNull(),
  source: text().notNull(),
  createdAt: integer('created_at').notNull(),
  updatedAt: integer('updated_at').notNull(),
})
