/**
 * The one insert of issuances and the one insert of license keys, for every path that issues: an API key's order, a
 * contract, a queued order, a sale, a reissue, an operator's command.
 *
 * All arguments are SQL text with `:name` placeholders. Which rows may be inserted is the caller's decision: it stands
 * in `from` and `where`.
 */
import { getTableColumns } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { build, compile, fragment, type Statement } from '../db/batch.ts'
import { UniqueConstraintError } from '../db/errors.ts'
import { issuances, licenseKeys } from '../db/schema/index.ts'
import { KEY_IN_FORMAT } from './key-formats.ts'

/** The most license keys of one issuance: 10,000 are 390 kB of the one JSON parameter they travel in, of 2 MB. */
export const QUANTITY_LIMIT = 10_000

/** SQL for the columns of a table, by their names in the schema. A column that is left out is null. */
type ColumnsSql<Table extends SQLiteTable> = {
  readonly [Column in keyof Table['_']['columns']]?: string
}

/** The rows to insert: one for each row of `from` on which `where` holds. */
interface RowsSql {
  readonly from: string
  readonly where: string
}

/** An issuance whose source and idempotency key exist already is not inserted again. */
export function insertIssuances(
  columns: ColumnsSql<typeof issuances> &
    Record<'source' | 'idempotencyKey' | 'nonce' | 'origin' | 'productId' | 'quantity' | 'createdAt', string>,
  rows: RowsSql,
): Statement<never> {
  return compile(
    build
      .insert(issuances)
      .select(selection(issuances, columns, rows))
      .onConflictDoNothing(),
  )
}

/** What may differ between the license keys of one path and another. */
export interface LicenseKeysSql extends RowsSql {
  /** Left out: the rows of a `json_each` that `from` calls `fresh`. */
  readonly licenseKey?: string
  /** Left out: when the issuance was made. */
  readonly assignedAt?: string
}

/** The license keys of issuances. `from` has the table `issuances`: everything but the key itself comes from its row. */
export function insertLicenseKeys({
  licenseKey = 'fresh.value',
  assignedAt = 'issuances.created_at',
  ...rows
}: LicenseKeysSql): Statement<never> {
  const columns: ColumnsSql<typeof licenseKeys> = {
    productId: 'issuances.product_id',
    licenseKey,
    status: `'assigned'`,
    activationLimit: 'issuances.activation_limit',
    validityDays: 'issuances.validity_days',
    ownerName: 'issuances.owner_name',
    ownerEmail: 'issuances.owner_email',
    assignedAt,
    contractId: 'issuances.contract_id',
    issuanceId: 'issuances.id',
    createdAt: 'issuances.created_at',
    updatedAt: 'issuances.created_at',
  }
  return compile(build.insert(licenseKeys).select(selection(licenseKeys, columns, rows)))
}

/**
 * Fresh license keys for one issuance. Placeholder: `material`, a JSON list of as many keys as its quantity.
 *
 * @param isIssuance a condition that picks one row of `issuances`: the one that this very attempt wrote, or none
 */
export function insertFreshKeys(isIssuance: string, assignedAt?: string): Statement<never> {
  return insertLicenseKeys({
    from: 'issuances cross join json_each(:material) as fresh',
    where: isIssuance,
    ...(assignedAt !== undefined && { assignedAt }),
  })
}

/**
 * Generated license keys for one issuance. Placeholder: `material`, `freshMaterial` for its quantity.
 *
 * @param isIssuance as of `insertFreshKeys`
 */
export function insertGeneratedKeys(isIssuance: string): Statement<never> {
  return insertLicenseKeys({
    from: `issuances cross join generators on generators.id = ${generatorOf('issuances.product_id')}
      cross join json_each(:material) as fresh`,
    where: isIssuance,
    licenseKey: KEY_IN_FORMAT,
  })
}

/** SQL, an expression: the id of a product's generator, the latest of the active ones, or null. */
export function generatorOf(productId: string): string {
  return `(select max(generators.id) from generators where generators.product_id = ${productId} and generators.status = 1)`
}

/** A fresh license key exists already: the batch was rolled back, and other keys will do. */
export function isCollision(error: unknown): boolean {
  return error instanceof UniqueConstraintError && error.columns === 'license_keys.license_key'
}

/** Drizzle inserts a selection that has every column of the table, in the order of the schema. */
function selection<Table extends SQLiteTable>(
  table: Table,
  columns: ColumnsSql<Table>,
  { from, where }: RowsSql,
) {
  const fields = Object.keys(getTableColumns(table)).map((name) => {
    const column = columns[name as keyof ColumnsSql<Table>]
    return [name, fragment(column ?? 'null').as(name)]
  })
  return build.select(Object.fromEntries(fields)).from(fragment(from)).where(fragment(where))
}
