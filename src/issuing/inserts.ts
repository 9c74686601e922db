/**
 * The inserts of issuances and license keys, shared by everything that issues: API keys, contracts, queued
 * orders, sales, reissues and operator commands.
 *
 * All arguments are SQL text with `:name` placeholders. `from` and `where` select the rows to insert.
 */
import { getTableColumns } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { build, compile, fragment, type Statement } from '../db/batch.ts'
import { UniqueConstraintError } from '../db/errors.ts'
import { issuances, licenseKeys } from '../db/schema/index.ts'
import { FORMATTED_KEY } from './key-formats.ts'

/** The most license keys of one issuance. They are one JSON parameter: 390 kB of the 2 MB that D1 allows. */
export const QUANTITY_LIMIT = 10_000

/** SQL for the columns of a table, by their names in the schema. Omitted columns are null. */
type ColumnsSql<Table extends SQLiteTable> = {
  readonly [Column in keyof Table['_']['columns']]?: string
}

/** The rows to insert: one for each row of `from` that matches `where`. */
interface RowsSql {
  readonly from: string
  readonly where: string
}

/** Inserts nothing if the source already has an issuance with this idempotency key. */
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

export interface LicenseKeysSql extends RowsSql {
  /** Default: `fresh.value`, where `fresh` is a `json_each` in `from`. */
  readonly licenseKey?: string
  /** Default: the time of the issuance. */
  readonly assignedAt?: string
  /** Default: null, so that the validity in days counts. */
  readonly expiresAt?: string
  /** Default: null. */
  readonly correctionDays?: string
  /** Default: null. */
  readonly features?: string
}

/** Inserts the license keys of issuances. `from` must contain `issuances`, which has the other columns. */
export function insertLicenseKeys({
  licenseKey = 'fresh.value',
  assignedAt = 'issuances.created_at',
  expiresAt = 'null',
  correctionDays = 'null',
  features = 'null',
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
    features,
    contractId: 'issuances.contract_id',
    issuanceId: 'issuances.id',
    createdAt: 'issuances.created_at',
    updatedAt: 'issuances.created_at',
    expiresAt,
    correctionDays,
  }
  return compile(build.insert(licenseKeys).select(selection(licenseKeys, columns, rows)))
}

/**
 * Inserts fresh license keys for one issuance. Placeholder: `material`, a JSON list with one key per unit.
 *
 * @param isIssuance an SQL condition that matches only the issuance that this attempt inserted
 * @param columns SQL for columns that do not come from the issuance
 */
export function insertFreshKeys(
  isIssuance: string,
  terms: Pick<LicenseKeysSql, 'assignedAt' | 'expiresAt' | 'correctionDays' | 'features'> = {},
): Statement<never> {
  return insertLicenseKeys({
    from: 'issuances cross join json_each(:material) as fresh',
    where: isIssuance,
    ...terms,
  })
}

/** Inserts generated license keys for one issuance. Placeholder: `material`, from `randomKeyMaterial`. */
export function insertGeneratedKeys(isIssuance: string): Statement<never> {
  return insertLicenseKeys({
    from: `issuances cross join generators on generators.id = ${generatorId('issuances.product_id')}
      cross join json_each(:material) as fresh`,
    where: isIssuance,
    licenseKey: FORMATTED_KEY,
  })
}

/** SQL: the id of the product's newest active generator, or null. */
export function generatorId(productId: string): string {
  return `(select max(generators.id) from generators where generators.product_id = ${productId} and generators.status = 1)`
}

/** Whether a new license key already exists. The batch was rolled back and can be retried with other keys. */
export function isCollision(error: unknown): boolean {
  return error instanceof UniqueConstraintError && error.columns === 'license_keys.license_key'
}

/** Drizzle requires a selection of every column of the table, in the order of the schema. */
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
