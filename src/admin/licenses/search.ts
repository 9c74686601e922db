/**
 * SQL that finds license keys: by their order, their owner, or their text, or else all of them, newest first.
 *
 * Guarantees: a search reads ranges of indexes, never a table, and stops at the end of its page. So its cost does not
 * depend on the number of stored keys. A page looks at `:candidatesMax` keys at most, however few of them match.
 *
 * A search runs its scans one after the other. The position of a key is the number of its scan, and where the key stands
 * in it. A key that several scans find belongs to the first of them.
 *
 * Placeholders: `text`; `byOrder`, `byEmail`, `byName`, `byKey` and `all` (0 or 1); `providers` (a JSON list); the position
 * of the last key of the page before: `scan` (0: there is none), `afterText`, `afterIssuance` and `afterKey`;
 * `candidatesMax`, `limit`; and the filters `status`, `productId`, `issuedFrom` and `issuedBefore`, each of them or null.
 */
import { ordersNamed } from '../../payments/references.ts'

/** SQL: no text that begins with `:text` is greater. U+10FFFF is the greatest character, and stands for nothing. */
const END = `(:text || char(1114111))`
/** SQL: the first text after another one. No text has control characters. */
const NEXT = (text: string) => `(${text} || char(1))`

/** How a scan reads license keys, in the order of their positions. Each member is SQL. */
interface Scan {
  readonly number: number
  readonly isOn: string
  readonly from: string
  readonly where: string
  /** The column that orders the keys first. Default: none. */
  readonly text?: string
  /** The column that orders the keys next. Default: none. */
  readonly issuance?: string
  readonly order: string
}

const COLUMNS = `license_keys.id as key_id, license_keys.issuance_id as issuance_id, license_keys.status as status,
  license_keys.product_id as product_id, license_keys.assigned_at as assigned_at,
  license_keys.owner_email as owner_email, license_keys.owner_name as owner_name`

/** The limit keeps the order, which SQLite may drop otherwise. */
function scanSql({ number, isOn, from, where, text = 'null', issuance = '0', order }: Scan): string {
  return `select * from (select ${number} as scan, ${text} as text, ${issuance} as place, ${COLUMNS} from ${from}
    where ${isOn} and :scan <= ${number} and ${where} order by ${order} limit :candidatesMax)`
}

/** SQL: the position of the scan, or where it starts. */
const startOf = (number: number, position: string, start: string) =>
  `iif(:scan = ${number}, ${position}, ${start})`

/** The keys of the issuances in `table`, after the position. */
function keysOf(
  number: number,
  table: string,
  id: string,
): { readonly from: string; readonly where: string } {
  return {
    from: `${table} cross join license_keys on license_keys.issuance_id = ${id}
      and license_keys.id > iif(:scan = ${number} and ${id} = :afterIssuance, :afterKey, 0)`,
    where: `${id} >= ${startOf(number, ':afterIssuance', '0')}`,
  }
}

/** The issuances with the shop's own id of the order. */
function scanReferences(): string {
  const { from, where } = keysOf(1, 'issuances', 'issuances.id')
  return scanSql({
    number: 1,
    isOn: ':byOrder',
    from,
    where: `issuances.reference = :text and ${where}`,
    issuance: 'issuances.id',
    order: 'issuances.id, license_keys.id',
  })
}

/** The issuances of the orders with the name. Reissued keys belong to the order of the key that they replaced. */
const ORDERS = `
${ordersNamed(':text', ':byOrder')},
lines as materialized (
  select order_lines.issuance_id from orders
  cross join order_lines on order_lines.provider = orders.provider and order_lines.order_id = orders.order_id
),
ordered as materialized (
  select issuance_id from lines
  union
  select reissues.issuance_id from lines cross join reissues on reissues.order_issuance_id = lines.issuance_id
  order by 1
)`

function scanOrders(): string {
  const { from, where } = keysOf(2, 'issuances', 'issuances.id')
  return scanSql({
    number: 2,
    isOn: ':byOrder',
    from,
    where: `issuances.id in (select issuance_id from ordered) and ${where}`,
    issuance: 'issuances.id',
    order: 'issuances.id, license_keys.id',
  })
}

type OwnerColumn = 'owner_email' | 'owner_name'

/** Each scan has two parts, because SQLite compares no pair of columns with an index that ignores case. */
function scanOwners(number: number, isOn: string, column: OwnerColumn): string {
  const keys = number + 1
  const ofIssuance = keysOf(number, 'issuances', 'issuances.id')
  const issuanceText = `issuances.${column} collate nocase`
  const keyText = `license_keys.${column} collate nocase`
  const issuances = {
    number,
    isOn,
    from: ofIssuance.from,
    text: `issuances.${column}`,
    issuance: 'issuances.id',
    order: `${issuanceText}, issuances.id, license_keys.id`,
  }
  const others = {
    number: keys,
    isOn,
    from: 'license_keys',
    text: `license_keys.${column}`,
    order: `${keyText}, license_keys.id`,
  }
  const [issuanceStart, keyStart] = [number, keys].map((scan) => startOf(scan, ':afterText', ':text'))
  const isIssuances = 'license_keys.has_new_owner is null'
  const isOther = `(license_keys.issuance_id is null or license_keys.has_new_owner = 1)
    and license_keys.${column} is not null`
  return [
    scanSql({
      ...issuances,
      where: `${issuanceText} = ${issuanceStart} and ${ofIssuance.where} and ${isIssuances}`,
    }),
    scanSql({
      ...issuances,
      where: `${issuanceText} > ${issuanceStart} and ${issuanceText} < ${END} and ${isIssuances}`,
    }),
    scanSql({
      ...others,
      where: `${isOther} and ${keyText} = ${keyStart}
        and license_keys.id > ${startOf(keys, ':afterKey', '0')}`,
    }),
    scanSql({
      ...others,
      where: `${isOther} and ${keyText} > ${keyStart} and ${keyText} < ${END}`,
    }),
  ].join(' union all ')
}

/** @param isWhole SQL: only the whole key is found, so that no viewer finds one character by character */
function scanKeys(isWhole: string): string {
  return scanSql({
    number: 7,
    isOn: ':byKey',
    from: 'license_keys',
    where: `license_keys.license_key >= ${startOf(7, NEXT(':afterText'), ':text')}
      and license_keys.license_key < iif(${isWhole}, ${NEXT(':text')}, ${END})`,
    text: 'license_keys.license_key',
    order: 'license_keys.license_key',
  })
}

function scanAll(): string {
  return scanSql({
    number: 8,
    isOn: ':all',
    from: 'license_keys',
    where: `license_keys.id < ${startOf(8, ':afterKey', `${Number.MAX_SAFE_INTEGER}`)}`,
    order: 'license_keys.id desc',
  })
}

function isOwnedBySought(column: OwnerColumn): string {
  return `(${column} collate nocase >= :text and ${column} collate nocase < ${END})`
}

/** An earlier scan of the same search found the key. */
const WAS_FOUND = `(
  :byOrder and scan > 1 and (select reference from issuances where issuances.id = scanned.issuance_id) = :text
  or :byOrder and scan > 2 and scanned.issuance_id in (select issuance_id from ordered)
  or :byEmail and scan > 4 and ${isOwnedBySought('owner_email')}
  or :byName and scan > 6 and ${isOwnedBySought('owner_name')})`

const MATCHES = `(${WAS_FOUND} is not true and (:status is null or status = :status)
  and (:productId is null or product_id = :productId)
  and (:issuedFrom is null or assigned_at >= :issuedFrom)
  and (:issuedBefore is null or assigned_at < :issuedBefore))`

/** D1 allows five parts of a compound query, so the scans of an owner are a part of their own. */
function scans(isWhole: string): string {
  return [
    `${scanReferences()} union all ${scanOrders()}`,
    scanOwners(3, ':byEmail', 'owner_email'),
    scanOwners(5, ':byName', 'owner_name'),
    scanKeys(isWhole),
    scanAll(),
  ]
    .map((part) => `select * from (${part} limit :candidatesMax)`)
    .join(' union all ')
}

/**
 * SQL: the keys of one page and the first of the next one, as rows of `page` with `n` (1, 2, 3 ...), the position and
 * `is_match`. If the page ends because it looked at `:candidatesMax` keys, its last row may not match.
 *
 * SQLite runs the scans step by step, as long as the page needs more keys: the tests count the rows that it reads.
 *
 * @param isAllowed SQL: the caller may search
 * @param isWhole SQL: keys are found by their whole text only
 */
export function pageOfLicenses(isAllowed: string, isWhole: string): string {
  return `with ${ORDERS},
page as materialized (
  select n, scan, text, place, key_id, is_match from (
    select n, scan, text, place, key_id, ${MATCHES} as is_match from (
      select row_number() over () as n, * from (
        ${scans(isWhole)} limit iif(${isAllowed}, :candidatesMax, 0))) as scanned)
  where is_match or n = :candidatesMax limit :limit + 1
)`
}
