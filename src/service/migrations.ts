/** Whether the database is migrated. */

/**
 * The last file in the folder `migrations`, which this code requires. Newer migrations are fine: they are applied before
 * the code that needs them is deployed, and they remove nothing that deployed code uses.
 */
export const NEWEST_MIGRATION = '0001_initial.sql'

/** An SQL expression: the last applied migration. Wrangler records them in this table. */
export const NEWEST_APPLIED = '(select max(name) from d1_migrations)'
