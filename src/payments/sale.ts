/**
 * Writes a sale: an issuance for each line with an active offer, its license keys, and its deliveries.
 *
 * Guarantees: a line is issued at most once, even if several events report it: order and line are the
 * idempotency key of the issuance. A line that cannot be issued does not stop the others.
 */
import { compileText } from '../db/batch.ts'
import { insertDeliveries } from '../deliveries/new-deliveries.ts'
import { validityDays } from '../issuing/expiry.ts'
import { insertIssuances, insertLicenseKeys, QUANTITY_LIMIT } from '../issuing/inserts.ts'
import { sha256HexOfText } from '../platform/hash.ts'
import { isEmailAddress, isOwnerName, NOT_SET, OWNER_NAME_CHARACTERS_MAX } from '../protocol/owner.ts'
import { HAS_ADOPTED_KEYS, isOrderedByApi } from './adopt.ts'
import { IS_ERASED_EVENT } from './events.ts'
import { OFFER_OF_LINE } from './offers.ts'
import { isName, type Purchase, type PurchasedLine, WHOLE_ORDER } from './payment-event.ts'
import { NO_OFFER } from './subscriptions.ts'

/** The limit of `offers.keys_per_unit`. Only the database has the offer, so this many keys are generated. */
const KEYS_PER_UNIT_MAX = 100

/** For all lines. 30,000 keys are 1.2 MB of a JSON parameter, which D1 limits to 2 MB. */
const FRESH_KEYS_MAX = 30_000

const ACTIVATION_LIMIT_MAX = 1_000_000

/** A note is for people, who need no more than this. */
const REJECTED_CHARACTERS_MAX = 255

/** A valid line. Statements read it from JSON. */
export interface OrderLine {
  readonly id: string
  /** Unique among the provider's lines. */
  readonly idempotencyKey: string
  readonly externalIds: readonly string[]
  readonly units: number
  readonly isOneTime: boolean
  /** null: the line follows all subscriptions of the order. */
  readonly subscription: string | null
  readonly keysMax: number
}

export type CheckedLines =
  | {
      readonly kind: 'lines'
      readonly lines: readonly OrderLine[]
      /** New keys for each line, as many as it may need. */
      readonly freshKeys: readonly (readonly string[])[]
      /** The lines that cannot be issued, with the reason; null if there are none. */
      readonly rejected: string | null
    }
  /** `reason` is for the operator and contains no personal data. */
  | { readonly kind: 'unusable'; readonly reason: string }

export async function checkLines(
  { order, lines }: Purchase,
  newLicenseKey: () => string,
): Promise<CheckedLines> {
  const checked = lines.map(checkLine)
  const faults = checked.filter((line) => typeof line === 'string')
  const usable = checked.filter((line) => typeof line !== 'string')
  const rejected = faults.length === 0 ? null : faults.join('; ').slice(0, REJECTED_CHARACTERS_MAX)
  const unitsOfOrder = usable.reduce((total, { units }) => total + units, 0)
  const fault = faultInOrder(usable, unitsOfOrder)
  if (fault !== undefined) return { kind: 'unusable', reason: rejected ?? fault }
  const keysPerUnit = Math.min(KEYS_PER_UNIT_MAX, Math.floor(FRESH_KEYS_MAX / unitsOfOrder))
  const orderLines = await Promise.all(
    usable.map(async (line) => ({
      ...line,
      idempotencyKey: await idempotencyKey(order, line.id),
      keysMax: Math.min(line.units * keysPerUnit, QUANTITY_LIMIT),
    })),
  )
  const freshKeys = orderLines.map(({ keysMax }) => Array.from({ length: keysMax }, newLicenseKey))
  return { kind: 'lines', lines: orderLines, freshKeys, rejected }
}

type UsableLine = Pick<OrderLine, 'id' | 'externalIds' | 'units' | 'isOneTime' | 'subscription'>

/** @returns the line, or the reason why it cannot be issued */
function checkLine(line: PurchasedLine): UsableLine | string {
  const { id, externalIds, quantity, isOneTime = false, subscription = '' } = line
  if (!isName(id)) return 'the id of a line is not 1 to 255 usable characters long'
  const units = usableQuantity(quantity)
  if (units !== undefined) {
    const followed = isName(subscription) ? subscription : null
    return { id, externalIds: externalIds.filter(isName), units, isOneTime, subscription: followed }
  }
  const where = id === WHOLE_ORDER ? '' : ` of line ${id}`
  return `the quantity${where} is not a whole number from 1 to ${QUANTITY_LIMIT}`
}

function faultInOrder(lines: readonly UsableLine[], units: number): string | undefined {
  if (lines.length === 0) return 'the order has no lines'
  if (new Set(lines.map(({ id }) => id)).size < lines.length) return 'two lines have the same id'
  return units > FRESH_KEYS_MAX ? `more than ${FRESH_KEYS_MAX} units in an order` : undefined
}

/** The key of an issuance. It does not use the event's id, because several events report one sale. */
async function idempotencyKey(order: string, line: string): Promise<string> {
  const key = JSON.stringify([order, line])
  return isName(key) ? key : sha256HexOfText(key)
}

/** @returns a quantity that was sent as a number or as digits; undefined if it is not usable */
function usableQuantity(quantity: unknown): number | undefined {
  const isDigits = typeof quantity === 'string' && /^\d{1,5}$/.test(quantity)
  const number = isDigits ? Number(quantity) : quantity
  const isUsable = Number.isInteger(number) && Number(number) >= 1 && Number(number) <= QUANTITY_LIMIT
  return isUsable ? Number(number) : undefined
}

/** Cuts a long name. Falls back to the e-mail address for the name, and to `Not set` for the address. */
export function ownerOf({ owner }: Purchase): { readonly ownerName: string; readonly ownerEmail: string } {
  const email = trimmed(owner.email)
  const ownerEmail = isEmailAddress(email) ? email : NOT_SET
  const name = [...trimmed(owner.name)].slice(0, OWNER_NAME_CHARACTERS_MAX).join('').trim()
  return { ownerName: isOwnerName(name) ? name : ownerEmail, ownerEmail }
}

function trimmed(value: unknown): string {
  return typeof value === 'string' ? value.trim() : ''
}

/** An order is issued either as a whole or by its lines, never both. */
const IS_ISSUED_IN_OTHER_FORM = `exists (select 1 from order_lines where order_lines.provider = :provider
  and order_lines.order_id = :order
  and (order_lines.line = '${WHOLE_ORDER}') <> (line.value ->> 'id' = '${WHOLE_ORDER}'))`

const UNITS = `(line.value ->> 'units')`
const QUANTITY = `case offers.mode when 'seats' then 1 else ${UNITS} * offers.keys_per_unit end`
const ACTIVATION_LIMIT = `case offers.mode when 'seats' then ${UNITS} else 1 end * offers.activation_limit`

/** The issuances that this attempt wrote, with their lines. */
const NEW_ISSUANCES = `json_each(:lines) as line cross join issuances on issuances.source = :provider
  and issuances.idempotency_key = line.value ->> 'idempotencyKey' and issuances.nonce = :nonce`

const insertOrderLines = compileText(`
insert into order_lines (issuance_id, provider, order_id, line, units, offer_id, subscription, is_one_time)
select issuances.id, :provider, :order, line.value ->> 'id', ${UNITS}, ${OFFER_OF_LINE}, line.value ->> 'subscription',
  line.value ->> 'isOneTime'
from ${NEW_ISSUANCES}`)

/**
 * Stores the first validity in days of a subscription's keys, which an earlier event may have told. Runs between
 * `INSERT_ORDER` and `INSERT_KEYS`.
 */
export const setFirstValidity = compileText(`
update issuances set validity_days = (select ${validityDays('order_lines.expires_at', 'issuances.created_at')}
  from order_lines where order_lines.issuance_id = issuances.id)
where id in (select issuances.id from ${NEW_ISSUANCES}
  cross join order_lines on order_lines.issuance_id = issuances.id and order_lines.expires_at is not null)`)

/**
 * Placeholders of this file: `provider`, `order`, `lines` (OrderLine[] as JSON), `freshKeys`, `nonce`, `now`,
 * `ownerName`, `ownerEmail`, `hasWebhook`, `hasEmail` (0 or 1) and `rejected`.
 */
export const INSERT_ORDER = [
  insertIssuances(
    {
      source: ':provider',
      idempotencyKey: `line.value ->> 'idempotencyKey'`,
      nonce: ':nonce',
      productId: 'offers.product_id',
      quantity: QUANTITY,
      ownerName: ':ownerName',
      ownerEmail: ':ownerEmail',
      validityDays: 'offers.validity_days',
      activationLimit: ACTIVATION_LIMIT,
      createdAt: ':now',
      origin: `'fresh'`,
    },
    {
      from: `json_each(:lines) as line join offers on offers.id = ${OFFER_OF_LINE}`,
      where: `${QUANTITY} <= line.value ->> 'keysMax'
        and ${ACTIVATION_LIMIT} <= ${ACTIVATION_LIMIT_MAX} and not ${IS_ISSUED_IN_OTHER_FORM}
        and not ${isOrderedByApi('offers.product_id')} and not ${IS_ERASED_EVENT}`,
    },
  ),
  insertOrderLines,
] as const

/** Runs after settle.ts derived the expiry of the lines. */
export const INSERT_KEYS = [
  insertLicenseKeys({
    from: `${NEW_ISSUANCES} cross join order_lines on order_lines.issuance_id = issuances.id
      cross join json_each(:freshKeys, '$[' || line.key || ']') as fresh`,
    where: 'fresh.key < issuances.quantity',
    expiresAt: 'order_lines.expires_at',
  }),
  compileText(insertDeliveries(NEW_ISSUANCES)),
] as const

/** The lines without keys after the sale was written. */
const MISSING_LINES = `json_each(:lines) as line where not exists (select 1 from order_lines
    where order_lines.provider = :provider and order_lines.order_id = :order
    and order_lines.line = line.value ->> 'id')
  and not ${IS_ISSUED_IN_OTHER_FORM}
  and not (${HAS_ADOPTED_KEYS} and ${OFFER_OF_LINE} is null)
  and not ${isOrderedByApi(`(select product_id from offers where offers.id = ${OFFER_OF_LINE})`)}`

const IS_INCOMPLETE = `(:rejected is not null or exists (select 1 from ${MISSING_LINES}))`
const HAS_KEYS = `exists (select 1 from order_lines
  where order_lines.provider = :provider and order_lines.order_id = :order)`

/** An earlier event issued the order as a whole, with fewer units than its lines have. */
const IS_SHORT = `coalesce((select sum(${UNITS}) from json_each(:lines) as line
    where line.value ->> 'id' <> '${WHOLE_ORDER}' and ${OFFER_OF_LINE} is not null)
  > (select units from order_lines where order_lines.provider = :provider and order_lines.order_id = :order
    and order_lines.line = '${WHOLE_ORDER}'), 0)`

/** An order with a line that cannot be issued stays `issued`: its note names the line, and a retry issues it. */
export const SALE_OUTCOME = `case
  when ${HAS_KEYS} and (${IS_INCOMPLETE} or exists (select 1 from ${NEW_ISSUANCES})) then 'issued'
  when exists (select 1 from ${MISSING_LINES} and ${OFFER_OF_LINE} is null) then 'unmapped'
  when ${IS_INCOMPLETE} then 'failed'
  when ${IS_SHORT} then 'flagged'
  else 'duplicate' end`

export const SALE_NOTE = `nullif(concat_ws('; ', :rejected,
  (select '${NO_OFFER} ' || group_concat(coalesce(line.value ->> '$.externalIds[0]', 'an unknown product'), ', ')
    from ${MISSING_LINES} and ${OFFER_OF_LINE} is null),
  (select 'more than ${QUANTITY_LIMIT} keys or ${ACTIVATION_LIMIT_MAX} activations in a line, or ${FRESH_KEYS_MAX} keys in all'
    from ${MISSING_LINES} and ${OFFER_OF_LINE} is not null limit 1),
  iif(${IS_SHORT}, 'an earlier event issued the order without its quantity: issue the missing keys by hand', null)), '')`
