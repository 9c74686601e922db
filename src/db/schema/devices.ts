/** The devices of license keys. */
import { index, integer, sqliteTable, text, unique } from 'drizzle-orm/sqlite-core'
import { licenseKeys } from './licensing.ts'

export const activations = sqliteTable(
  'activations',
  {
    id: integer().primaryKey(),
    licenseKeyId: integer('license_key_id')
      .notNull()
      .references(() => licenseKeys.id, { onDelete: 'cascade' }),
    identifier: text().notNull(),
    createdAt: integer('created_at').notNull(),
    takesSeat: integer('takes_seat').notNull().default(1),
    fileEndsAt: integer('file_ends_at'),
    lastSeenAt: integer('last_seen_at'),
  },
  (table) => [unique().on(table.licenseKeyId, table.identifier)],
)

export const releasedDevices = sqliteTable(
  'released_devices',
  {
    id: integer().primaryKey(),
    licenseKeyId: integer('license_key_id')
      .notNull()
      .references(() => licenseKeys.id, { onDelete: 'cascade' }),
    identifier: text().notNull(),
    releasedAt: integer('released_at').notNull(),
    seatTakenUntil: integer('seat_taken_until'),
  },
  (table) => [index('released_devices_by_license_key').on(table.licenseKeyId)],
)
