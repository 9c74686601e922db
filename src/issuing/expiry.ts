/**
 * SQL about when license keys expire. A key of a subscription has an instant, `expires_at`. Any other key has a
 * validity in days, which counts from its assignment; 0 never ends.
 */
import { DAY_MILLISECONDS } from '../protocol/dates.ts'
import { ORDER_ISSUANCE } from './order-of-key.ts'

const DAYS_MAX = 36_500

/** The first instant at which the row of `license_keys` has expired, or null if it never does. */
export const EXPIRES_AT = `coalesce(license_keys.expires_at, case when license_keys.validity_days > 0
  then license_keys.assigned_at + license_keys.validity_days * ${DAY_MILLISECONDS} end)`

/** More than any number of days between two instants. */
const SHIFT_DAYS = 100_000

/**
 * The days between two instants, rounded up. Cast, because D1 binds numbers as REAL. Shifted, because SQLite cuts
 * a negative quotient towards zero.
 */
export function daysBetween(later: string, earlier: string): string {
  const shift = SHIFT_DAYS * DAY_MILLISECONDS + DAY_MILLISECONDS - 1
  return `(cast(${later} - ${earlier} + ${shift} as integer) / ${DAY_MILLISECONDS} - ${SHIFT_DAYS})`
}

/**
 * The validity in days in answers: 1 to 36,500, rounded up, so that no client ends early.
 *
 * @param expiresAt SQL, not null
 */
export function validityDays(expiresAt: string, assignedAt: string): string {
  return `max(1, min(${DAYS_MAX}, ${daysBetween(expiresAt, assignedAt)}))`
}

/** The validity in days of the row of `license_keys`. 0: it never expires. */
export const VALIDITY_DAYS = `case when license_keys.expires_at is null then license_keys.validity_days
  else ${validityDays('license_keys.expires_at', 'coalesce(license_keys.assigned_at, license_keys.created_at)')} end`

/** The expiry that the order of the row of `license_keys` gives it, or null if it follows no subscription. */
export const EXPIRY_OF_ORDER = `(select order_lines.expires_at from order_lines
  where order_lines.issuance_id = ${ORDER_ISSUANCE})`
