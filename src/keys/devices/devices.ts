/**
 * SQL about the devices of a license key: whether it is activated on one, and how it is activated there. The device
 * `:identifier` is a domain if the product says so. Then its shortest form is stored.
 */
import { DAY_MILLISECONDS } from '../../protocol/dates.ts'
import { isDevelopmentDomain, shortestDomain } from './domains.ts'

/** The values of the placeholders in this file, except `now`. */
export function deviceValues(identifier: string | undefined): Record<string, string | number | null> {
  const domain = identifier === undefined ? null : shortestDomain(identifier)
  return {
    identifier: identifier ?? null,
    domain,
    isDevelopmentDomain: domain !== null && isDevelopmentDomain(domain) ? 1 : 0,
  }
}

const HAS_DOMAINS = `(select domains.domain_devices from products as domains
  where domains.id = license_keys.product_id)`

/** An SQL expression: the device as `activations` stores it, for the row of `license_keys`. */
export const DEVICE = `iif(${HAS_DOMAINS}, :domain, :identifier)`

/** An SQL condition: the activation is of the device. Those made before its product had domains are stored as sent. */
export const IS_OF_DEVICE = `activations.identifier in (:identifier, ${DEVICE})`

/** An SQL condition: the row of `license_keys` is activated on the device. */
export const IS_ACTIVATED = `exists (select 1 from activations
  where activations.license_key_id = license_keys.id and ${IS_OF_DEVICE})`

/** An SQL expression: the id of the activation of the device, for the row of `license_keys`. */
export const ACTIVATION_ID = `(select activations.id from activations
  where activations.license_key_id = license_keys.id and ${IS_OF_DEVICE} order by activations.id limit 1)`

/** An SQL expression: 1 if the device counts towards the activation limit of the row of `license_keys`, otherwise 0. */
export const TAKES_SEAT = `iif(:isDevelopmentDomain and ${HAS_DOMAINS}, 0, 1)`

/**
 * SQL that activates a key on the device.
 *
 * @param isKey SQL that selects the row of `license_keys`
 * @param isDecided an SQL condition: this request activates the key
 * @param fileEndsAt SQL: the end of the license file that the device gets
 */
export function insertActivation(isKey: string, isDecided: string, fileEndsAt = 'null'): string {
  return `insert into activations (license_key_id, identifier, created_at, takes_seat, file_ends_at, last_seen_at)
    select license_keys.id, ${DEVICE}, :now, ${TAKES_SEAT}, ${fileEndsAt}, :now from license_keys
    where ${isKey} and ${isDecided}`
}

/** An SQL expression: the column `last_seen_at` after the device was seen now. It changes at most once a day. */
export const LAST_SEEN_AT = `iif(last_seen_at > :now - ${DAY_MILLISECONDS}, last_seen_at, :now)`
