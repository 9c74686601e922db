/**
 * What an issuance writes, for whoever issues: an API caller's order or a paid one. The batch that issues
 * inserts `issuanceColumns` from wherever its order stands, and then `licenseKeyColumns` from that row.
 */
import { type SQL, sql } from 'drizzle-orm'
import { UniqueConstraintError } from '../db/errors.ts'
import { issuances } from '../db/schema/index.ts'

/** SQL for everything an issuance says. */
export interface IssuanceSql {
  readonly source: SQL
  readonly idempotencyKey: SQL
  readonly nonce: SQL
  readonly productId: SQL
  readonly quantity: SQL
  readonly ownerName: SQL
  readonly ownerEmail: SQL
  readonly validityDays: SQL
  readonly activationLimit: SQL
  readonly createdAt: SQL
}

/** The columns of `issuances`, in the order in which Drizzle inserts a selection. */
export function issuanceColumns(issuance: IssuanceSql) {
  return {
    id: sql<number>`null`.as('id'),
    source: sql<string>`${issuance.source}`.as('source'),
    idempotencyKey: sql<string>`${issuance.idempotencyKey}`.as('idempotencyKey'),
    nonce: sql<string>`${issuance.nonce}`.as('nonce'),
    productId: sql<number>`${issuance.productId}`.as('productId'),
    contractId: sql<null>`null`.as('contractId'),
    origin: sql<'fresh'>`'fresh'`.as('origin'),
    quantity: sql<number>`${issuance.quantity}`.as('quantity'),
    ownerName: sql<string>`${issuance.ownerName}`.as('ownerName'),
    ownerEmail: sql<string>`${issuance.ownerEmail}`.as('ownerEmail'),
    validityDays: sql<number>`${issuance.validityDays}`.as('validityDays'),
    activationLimit: sql<number>`${issuance.activationLimit}`.as('activationLimit'),
    requestedValidityDays: sql<null>`null`.as('requestedValidityDays'),
    requestedActivationLimit: sql<null>`null`.as('requestedActivationLimit'),
    createdAt: sql<number>`${issuance.createdAt}`.as('createdAt'),
  }
}

/**
 * The columns of `license_keys`: everything but the key itself comes from the row of `issuances` in the same
 * selection.
 *
 * @param licenseKey SQL for a fresh license key
 */
export function licenseKeyColumns(licenseKey: SQL) {
  return {
    id: sql<number>`null`.as('id'),
    productId: sql<number>`${issuances.productId}`.as('productId'),
    issuanceId: sql<number>`${issuances.id}`.as('issuanceId'),
    contractId: sql<null>`null`.as('contractId'),
    licenseKey: sql<string>`${licenseKey}`.as('licenseKey'),
    status: sql<'assigned'>`'assigned'`.as('status'),
    statusBeforeReversal: sql<null>`null`.as('statusBeforeReversal'),
    activationLimit: sql<number>`${issuances.activationLimit}`.as('activationLimit'),
    validityDays: sql<number>`${issuances.validityDays}`.as('validityDays'),
    ownerName: sql<string>`${issuances.ownerName}`.as('ownerName'),
    ownerEmail: sql<string>`${issuances.ownerEmail}`.as('ownerEmail'),
    assignedAt: sql<number>`${issuances.createdAt}`.as('assignedAt'),
    createdAt: sql<number>`${issuances.createdAt}`.as('createdAt'),
    updatedAt: sql<number>`${issuances.createdAt}`.as('updatedAt'),
  }
}

/** The most license keys of one issuance: 10,000 are 390 kB of the one JSON parameter they travel in, of 2 MB. */
export const QUANTITY_LIMIT = 10_000

/** Where time and randomness come from. */
export interface IssueSources {
  /** Milliseconds UTC. */
  readonly now: number
  readonly newLicenseKey: () => string
}

/** @returns a JSON list's members: as many fresh license keys as are wanted */
export function freshLicenseKeys(quantity: number, { newLicenseKey }: IssueSources): string[] {
  return Array.from({ length: quantity }, newLicenseKey)
}

/** A fresh license key exists already: the batch was rolled back, and other keys will do. */
export function isCollision(error: unknown): boolean {
  return error instanceof UniqueConstraintError && error.columns === 'license_keys.license_key'
}
