/** What happened to each product on each day, and how far it is counted. */
import { integer, sqliteTable, text, unique } from 'drizzle-orm/sqlite-core'
import { products } from './licensing.ts'

export const statistics = sqliteTable(
  'statistics',
  {
    day: integer().notNull(),
    productId: integer('product_id')
      .notNull()
      .references(() => products.id),
    issuedKeys: integer('issued_keys').notNull().default(0),
    orders: integer().notNull().default(0),
    refunds: integer().notNull().default(0),
    activations: integer().notNull().default(0),
    failedDeliveries: integer('failed_deliveries').notNull().default(0),
    activeDevices: integer('active_devices'),
  },
  (table) => [unique().on(table.day, table.productId)],
)

export const statisticsPositions = sqliteTable('statistics_positions', {
  source: text().notNull().unique(),
  position: integer().notNull(),
  devices: text(),
})
