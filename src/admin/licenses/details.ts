/** Everything about one license: where it comes from, what it unlocks, why it is blocked, and its devices. */
import type { ListSql } from '../../callers/query.ts'
import { EFFECTIVE_FEATURES } from '../../issuing/features.ts'
import { ORDER_ISSUANCE } from '../../issuing/order-of-key.ts'
import { IS_REISSUED, REISSUED_AS, REISSUED_FROM } from '../../issuing/reissue.ts'
import { isoInstant } from '../fields.ts'
import { LICENSE, type License, licenseBody } from './license.ts'

/** Times are in milliseconds UTC. */
export interface Details {
  readonly license: License
  readonly issuance: Issuance | null
  readonly order: object | null
  readonly contractId: number | null
  readonly ownFeatures: readonly string[] | null
  readonly features: readonly string[] | null
  readonly isReversed: 0 | 1
  readonly isReissued: 0 | 1
  readonly isBlockedByHand: 0 | 1
  readonly blockReason: string | null
  readonly reissuedFrom: number | null
  readonly reissuedAs: number | null
  /** By ascending id. */
  readonly metadata: readonly (readonly [name: string, value: string])[]
  readonly devices: readonly Device[]
  readonly heldSeats: readonly HeldSeat[]
}

interface Issuance {
  readonly id: number
  readonly source: string
  readonly origin: string
  readonly reference: string | null
  readonly quantity: number
  readonly createdAt: number
}

interface Device {
  readonly id: number
  readonly identifier: string
  readonly activatedAt: number
  readonly lastSeenAt: number | null
  readonly takesSeat: 0 | 1
  readonly fileEndsAt: number | null
}

interface HeldSeat {
  readonly identifier: string
  readonly until: number
}

const ISSUANCE = `(select json_object('id', issuances.id, 'source', issuances.source, 'origin', issuances.origin,
    'reference', issuances.reference, 'quantity', issuances.quantity, 'createdAt', issuances.created_at)
  from issuances where issuances.id = license_keys.issuance_id)`

const ORDER = `(select json_object('provider', order_lines.provider, 'order', order_lines.order_id,
    'line', order_lines.line, 'subscription', order_lines.subscription)
  from order_lines where order_lines.issuance_id = ${ORDER_ISSUANCE})`

const BLOCK_REASON = `(select audit_entries.reason from audit_entries
  where audit_entries.subject = 'license:' || license_keys.id and audit_entries.action = 'licenses.block'
  order by audit_entries.id desc limit 1)`

/** A key that a refund blocks keeps its own status: it is blocked by hand too if that is blocked. */
const IS_BLOCKED_BY_HAND = `(license_keys.status = 'blocked'
  and coalesce(license_keys.status_before_reversal, 'blocked') = 'blocked' and not ${IS_REISSUED})`

/** SQL: the `Details` of the rows of `license_keys` and `products` as JSON, without lists. */
export const DETAILS = `json_object('license', json(${LICENSE}), 'issuance', json(${ISSUANCE}), 'order', json(${ORDER}),
  'contractId', license_keys.contract_id,
  'ownFeatures', json(license_keys.features), 'features', json(${EFFECTIVE_FEATURES}),
  'isReversed', license_keys.status_before_reversal is not null, 'isReissued', ${IS_REISSUED},
  'isBlockedByHand', ${IS_BLOCKED_BY_HAND}, 'blockReason', ${BLOCK_REASON},
  'reissuedFrom', ${REISSUED_FROM}, 'reissuedAs', ${REISSUED_AS})`

/** @param isLicense SQL that selects the row of `license_keys` */
export function detailLists(
  isLicense: string,
): Readonly<Record<'metadata' | 'devices' | 'heldSeats', ListSql>> {
  const of = (table: string) => `cross join license_keys on ${isLicense}
    cross join ${table} on ${table}.license_key_id = license_keys.id`
  return {
    metadata: (allowed) => `
      select license_key_metadata.id as place, json_array(license_key_metadata.key, license_key_metadata.value) as item
      from ${allowed} ${of('license_key_metadata')}`,
    devices: (allowed) => `
      select activations.id as place, json_object('id', activations.id, 'identifier', activations.identifier,
        'activatedAt', activations.created_at, 'lastSeenAt', activations.last_seen_at,
        'takesSeat', activations.takes_seat, 'fileEndsAt', activations.file_ends_at) as item
      from ${allowed} ${of('activations')}`,
    heldSeats: (allowed) => `
      select released_devices.id as place, json_object('identifier', released_devices.identifier,
        'until', released_devices.seat_taken_until) as item
      from ${allowed} ${of('released_devices')} where released_devices.seat_taken_until > :now`,
  }
}

/** @param role viewers see no license keys and no reasons */
export function detailsBody(details: Details, role: string) {
  const { license, issuance, order } = details
  return {
    ...licenseBody(license, role),
    blocked_by: causesOf(details),
    blocked_reason: details.isBlockedByHand === 1 && role !== 'viewer' ? details.blockReason : null,
    issuance: issuance && {
      id: issuance.id,
      source: issuance.source,
      origin: issuance.origin,
      reference: issuance.reference,
      quantity: issuance.quantity,
      order,
      created_at: isoInstant(issuance.createdAt),
    },
    contract_id: details.contractId,
    features: { own: details.ownFeatures, effective: details.features },
    metadata: Object.fromEntries(details.metadata),
    devices: details.devices.map((device) => ({
      id: device.id,
      identifier: device.identifier,
      activated_at: isoInstant(device.activatedAt),
      last_seen_at: isoInstant(device.lastSeenAt),
      takes_seat: device.takesSeat === 1,
      file_ends_at: isoInstant(device.fileEndsAt),
    })),
    held_seats: details.heldSeats.map(({ identifier, until }) => ({ identifier, until: isoInstant(until) })),
    reissued_from: details.reissuedFrom,
    reissued_as: details.reissuedAs,
  }
}

/** Why a license is blocked: it may have several causes, and stays blocked until none is left. */
function causesOf({ isReversed, isReissued, isBlockedByHand }: Details): string[] {
  return [
    ...(isReversed === 1 ? ['payment'] : []),
    ...(isReissued === 1 ? ['reissue'] : []),
    ...(isBlockedByHand === 1 ? ['hand'] : []),
  ]
}
