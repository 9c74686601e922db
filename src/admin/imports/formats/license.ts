/** What every format turns one row of an export into. */
import type { LicenseKeyStatus } from '../../../db/schema/index.ts'
import { DAY_MILLISECONDS } from '../../../protocol/dates.ts'
import type { FieldErrors } from '../../../protocol/fields.ts'

/** One row of an export: text by the name of its column, as CSV has it, or any JSON value. */
export type Row = Readonly<Record<string, unknown>>

/** Instants are milliseconds UTC. */
export interface ImportedLicense extends Expiry {
  readonly licenseKey: string
  /** The ids and names that the other vendor has for the product, the narrowest first. */
  readonly products: readonly string[]
  readonly status: LicenseKeyStatus
  readonly ownerName: string | null
  readonly ownerEmail: string | null
  /** 0: without a limit. */
  readonly activationLimit: number
  readonly assignedAt: number | null
  readonly createdAt: number | null
  /** null: the license key has no list of its own. */
  readonly features: readonly string[] | null
  /** The other vendor's id of the order, which the search for an order finds. */
  readonly reference: string | null
  readonly metadata: Readonly<Record<string, string>>
  readonly activations: readonly ImportedActivation[]
}

export interface ImportedActivation {
  readonly identifier: string
  /** null: not known. */
  readonly createdAt: number | null
}

export type ReadRow =
  | { readonly kind: 'license'; readonly license: ImportedLicense }
  /** The row has no license of its own, for instance a line of totals. */
  | { readonly kind: 'skipped'; readonly reason: string }
  /** By the column's name as the export has it. */
  | { readonly kind: 'refused'; readonly errors: FieldErrors }

/** A pure function. */
export type Format = (row: Row) => ReadRow

/** The columns of the same names in `license_keys`. */
export interface Expiry {
  readonly validityDays: number
  /** Decides if it is set. */
  readonly expiresAt: number | null
}

const DAYS_MAX = 36_500

export const NEVER: Expiry = { validityDays: 0, expiresAt: null }

/** Why a license key in stock has no expiry: the end of a sentence for people. */
export const IN_STOCK = 'it is valid for a number of days from its sale'

/**
 * The expiry at an instant. Whole days from the assignment are stored as days, so that it is a license key like any other.
 *
 * @param from when the license key was assigned
 */
export function expiryAt(expiresAt: number | null, from: number | null): Expiry {
  if (expiresAt === null) return NEVER
  const days = from === null ? 1 : (expiresAt - from) / DAY_MILLISECONDS
  const validityDays = Math.max(1, Math.min(DAYS_MAX, Math.ceil(days)))
  return { validityDays, expiresAt: from !== null && days === validityDays ? null : expiresAt }
}
