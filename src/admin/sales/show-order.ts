/** `GET /admin/v1/orders/:provider/:order`: one order with everything that was reported about it and issued for it. */
import { operatorAuthority } from '../../callers/operators.ts'
import { defineQuery, type ListSql, runQuery } from '../../callers/query.ts'
import { adminEndpoint } from '../endpoint.ts'
import { isoInstant } from '../fields.ts'
import { maskedKey } from '../masking.ts'
import { EVENT, eventBody, type PaymentEventRow } from './event.ts'

const RIGHTS = { role: 'viewer' } as const

/** The most of each that an answer lists. An order of more has thousands of lines, licenses or renewals. */
const ITEMS_MAX = 1_000

interface Line {
  readonly line: string
  readonly issuanceId: number
  readonly units: number
  readonly quantity: number
  readonly offerId: number | null
  readonly externalId: string | null
  readonly currentOfferId: number | null
  readonly currentUnits: number | null
  readonly subscription: string | null
  readonly expiresAt: number | null
  readonly ownerName: string
  readonly ownerEmail: string
  readonly productId: number
  readonly issuedAt: number
}

interface License {
  readonly id: number
  readonly line: string
  readonly licenseKey: string
  readonly status: string
}

interface Reversal {
  readonly reversalId: string
  readonly reference: string
  readonly lines: string | null
  readonly amount: number | null
  readonly isActive: 0 | 1
  readonly occurredAt: number
}

interface PaidPeriod {
  readonly subscription: string
  readonly payment: string
  readonly paidAt: number
  readonly endsAt: number | null
}

type Shown =
  | {
      readonly kind: 'found'
      readonly lines: readonly Line[]
      readonly licenses: readonly License[]
      readonly reversals: readonly Reversal[]
      readonly periods: readonly PaidPeriod[]
      readonly events: readonly PaymentEventRow[]
    }
  | { readonly kind: 'not-found' }

const IS_LINE = 'order_lines.provider = :provider and order_lines.order_id = :order'
const IS_EVENT = 'webhook_events.order_id = :order and webhook_events.provider = :provider'

/** The names of the order: its own, and those of its payments and subscriptions. */
const NAMES = `(select reference as name from order_references where provider = :provider and order_id = :order
  union select :order)`

/** The issuances of the line, and those that replaced its keys. */
const ISSUANCES_OF_LINE = `(select order_lines.issuance_id union
  select reissues.issuance_id from reissues where reissues.order_issuance_id = order_lines.issuance_id)`

/** @param rows SQL that follows `from <allowed> cross join` */
function list(item: string, rows: string, order: string): ListSql {
  return (allowed) => `
    select row_number() over () as place, item from (
      select ${item} as item from ${allowed} cross join ${rows} order by ${order} limit ${ITEMS_MAX})`
}

const selectOrder = defineQuery<Shown>(
  operatorAuthority(RIGHTS),
  `json_object('kind', iif(exists (select 1 from order_lines where ${IS_LINE})
    or exists (select 1 from webhook_events where ${IS_EVENT}), 'found', 'not-found'))`,
  {
    lines: list(
      `json_object('line', order_lines.line, 'issuanceId', order_lines.issuance_id, 'units', order_lines.units,
        'quantity', issuances.quantity, 'offerId', order_lines.offer_id, 'externalId', offers.external_id,
        'currentOfferId', order_lines.current_offer_id, 'currentUnits', order_lines.current_units,
        'subscription', order_lines.subscription, 'expiresAt', order_lines.expires_at,
        'ownerName', issuances.owner_name, 'ownerEmail', issuances.owner_email,
        'productId', issuances.product_id, 'issuedAt', issuances.created_at)`,
      `order_lines cross join issuances on issuances.id = order_lines.issuance_id
        left join offers on offers.id = order_lines.offer_id where ${IS_LINE}`,
      'order_lines.issuance_id',
    ),
    licenses: list(
      `json_object('id', license_keys.id, 'line', order_lines.line, 'licenseKey', license_keys.license_key,
        'status', license_keys.status)`,
      `order_lines cross join license_keys on license_keys.issuance_id in ${ISSUANCES_OF_LINE} where ${IS_LINE}`,
      'license_keys.id',
    ),
    reversals: list(
      `json_object('reversalId', reversal_id, 'reference', reference, 'lines', lines, 'amount', amount,
        'isActive', is_active, 'occurredAt', occurred_at)`,
      `${NAMES} as names cross join reversals on reversals.provider = :provider and reversals.reference = names.name`,
      'reversals.id',
    ),
    periods: list(
      `json_object('subscription', subscription, 'payment', payment, 'paidAt', paid_at, 'endsAt', ends_at)`,
      `${NAMES} as names cross join paid_periods on paid_periods.provider = :provider
        and paid_periods.subscription = names.name`,
      'paid_periods.paid_at, paid_periods.id',
    ),
    events: list(EVENT, `webhook_events where ${IS_EVENT}`, 'webhook_events.id'),
  },
)

export const showOrder = adminEndpoint({
  method: 'GET',
  path: '/orders/:provider/:order',
  summary: 'Show an order',
  ...RIGHTS,
  problems: { 'not-found': 'not-found' },
  handle: (call) => runQuery(call, selectOrder, call.path),
  answer: ({ lines, licenses, reversals, periods, events }, { call, role }) => ({
    body: {
      provider: call.path.provider,
      order: call.path.order,
      lines: lines.map(lineBody),
      licenses: licenses.map((license) => licenseBody(license, role)),
      reversals: reversals.map(reversalBody),
      paid_periods: periods.map(periodBody),
      events: events.map(eventBody),
    },
  }),
})

function lineBody(line: Line) {
  return {
    line: line.line,
    issuance_id: line.issuanceId,
    product_id: line.productId,
    units: line.units,
    quantity: line.quantity,
    offer: line.offerId === null ? null : { id: line.offerId, external_id: line.externalId },
    current_offer_id: line.currentOfferId,
    current_units: line.currentUnits,
    subscription: line.subscription,
    expires_at: isoInstant(line.expiresAt),
    owner_name: line.ownerName,
    owner_email: line.ownerEmail,
    issued_at: isoInstant(line.issuedAt),
  }
}

function licenseBody({ id, line, licenseKey, status }: License, role: string) {
  return { id, line, license_key: role === 'viewer' ? maskedKey(licenseKey) : licenseKey, status }
}

function reversalBody(reversal: Reversal) {
  return {
    id: reversal.reversalId,
    reference: reversal.reference,
    lines: reversal.lines === null ? null : JSON.parse(reversal.lines),
    amount: reversal.amount,
    active: reversal.isActive === 1,
    occurred_at: isoInstant(reversal.occurredAt),
  }
}

function periodBody({ subscription, payment, paidAt, endsAt }: PaidPeriod) {
  return { subscription, payment, paid_at: isoInstant(paidAt), ends_at: isoInstant(endsAt) }
}
