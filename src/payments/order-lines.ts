/**
 * A purchase as the database takes it: its names and quantities checked, its owner made usable, and under each
 * line the fresh license keys that it may need.
 */
import { freshLicenseKeys, type IssueSources, QUANTITY_LIMIT } from '../licensing/issuance.ts'
import { isEmailAddress, isOwnerName, NOT_SET } from '../licensing/owner.ts'
import type { Purchase, PurchasedLine } from './purchase.ts'

/** As the CHECK of `offers.keys_per_unit` has it: how many keys a unit may take is known only in the database. */
const KEYS_PER_UNIT_MAX = 100

/** As the names' CHECKs have it, and as `issuances.idempotency_key` has it. */
const NAME_CHARACTERS_MAX = 255

export interface Owner {
  readonly ownerName: string
  readonly ownerEmail: string
}

/** One line, as the statements of sale.ts read it from JSON. */
export interface OrderLine {
  readonly id: string
  /** Unique among the provider's lines. */
  readonly idempotencyKey: string
  readonly externalIds: readonly string[]
  readonly units: number
  readonly licenseKeys: readonly string[]
}

export type CheckedLines =
  | { readonly kind: 'lines'; readonly lines: readonly OrderLine[] }
  /** `reason`: for a person, without anybody's data. */
  | { readonly kind: 'unusable'; readonly reason: string }

/** @returns whether a text may name an order, a line, a reversal or a subscription */
export function isName(text: string): boolean {
  return text.length >= 1 && text.length <= NAME_CHARACTERS_MAX
}

/** @returns the lines, or why none of them can be issued: nothing is, where one can not */
export async function checkLines(purchase: Purchase, sources: IssueSources): Promise<CheckedLines> {
  const lines: OrderLine[] = []
  for (const line of purchase.lines) {
    const units = usableQuantity(line.quantity)
    if (units === undefined) {
      return { kind: 'unusable', reason: `a quantity is no whole number from 1 to ${QUANTITY_LIMIT}` }
    }
    if (!isName(line.id)) return { kind: 'unusable', reason: 'a line has no usable name' }
    lines.push(await orderLine(purchase.order, line, units, sources))
  }
  if (new Set(lines.map(({ id }) => id)).size < lines.length) {
    return { kind: 'unusable', reason: 'two lines have the same name' }
  }
  return { kind: 'lines', lines }
}

async function orderLine(
  order: string,
  { id, externalIds }: PurchasedLine,
  units: number,
  sources: IssueSources,
): Promise<OrderLine> {
  const keysMax = Math.min(units * KEYS_PER_UNIT_MAX, QUANTITY_LIMIT)
  return {
    id,
    idempotencyKey: await idempotencyKey(order, id),
    externalIds: externalIds.filter(isName),
    units,
    licenseKeys: freshLicenseKeys(keysMax, sources),
  }
}

/** The business key of what is issued: never the event's id, since several events tell of one sale. */
async function idempotencyKey(order: string, line: string): Promise<string> {
  const key = JSON.stringify([order, line])
  return isName(key) ? key : hashText(key)
}

/** @returns SHA-256 (FIPS 180-4) of the text's UTF-8 bytes, in lower-case hex */
export async function hashText(text: string): Promise<string> {
  return hashBytes(new TextEncoder().encode(text))
}

export async function hashBytes(bytes: Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).toHex()
}

/** A number, or decimal digits as some providers write it; undefined for what can not be issued. */
function usableQuantity(quantity: unknown): number | undefined {
  const isDigits = typeof quantity === 'string' && /^\d{1,5}$/.test(quantity)
  const number = isDigits ? Number(quantity) : quantity
  const isUsable = Number.isInteger(number) && Number(number) >= 1 && Number(number) <= QUANTITY_LIMIT
  return isUsable ? Number(number) : undefined
}

/** An owner that a provider does not tell usably is `Not set`, or known by the e-mail address alone. */
export function ownerOf({ owner }: Purchase): Owner {
  const email = trimmed(owner.email)
  const ownerEmail = isEmailAddress(email) ? email : NOT_SET
  const name = trimmed(owner.name)
  return { ownerName: isOwnerName(name) ? name : ownerEmail, ownerEmail }
}

function trimmed(value: unknown): string {
  return typeof value === 'string' ? value.trim() : ''
}
