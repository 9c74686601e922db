/**
 * A purchase as the database takes it: its names and quantities checked, its owner made usable, and under each
 * line the fresh license keys that it may need.
 */

import { freshLicenseKeys, type IssueSources, QUANTITY_LIMIT } from '../issuing/issuance.ts'
import { sha256HexOfText } from '../platform/hash.ts'
import { isEmailAddress, isOwnerName, NOT_SET } from '../protocol/owner.ts'
import type { Purchase, PurchasedLine } from './purchase.ts'

/** As the CHECK of `offers.keys_per_unit` has it: how many keys a unit takes is known only in the database. */
const KEYS_PER_UNIT_MAX = 100

/** Of all lines together: 30,000 are 1.2 MB of the one JSON parameter they travel in, which D1 limits to 2 MB. */
export const FRESH_KEYS_MAX = 30_000

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
export async function checkLines({ order, lines }: Purchase, sources: IssueSources): Promise<CheckedLines> {
  const fault = faultIn(lines)
  if (fault !== undefined) return { kind: 'unusable', reason: fault }
  const units = lines.map(({ quantity }) => usableQuantity(quantity) ?? 0)
  const keysPerUnit = Math.min(KEYS_PER_UNIT_MAX, Math.floor(FRESH_KEYS_MAX / sum(units)))
  const checked = lines.map(async ({ id, externalIds }, index) => ({
    id,
    idempotencyKey: await idempotencyKey(order, id),
    externalIds: externalIds.filter(isName),
    units: units[index] ?? 0,
    licenseKeys: freshLicenseKeys(Math.min((units[index] ?? 0) * keysPerUnit, QUANTITY_LIMIT), sources),
  }))
  return { kind: 'lines', lines: await Promise.all(checked) }
}

function faultIn(lines: readonly PurchasedLine[]): string | undefined {
  if (lines.length === 0) return 'the order has no lines'
  if (!lines.every(({ id }) => isName(id))) return 'a line has no usable name'
  if (new Set(lines.map(({ id }) => id)).size < lines.length) return 'two lines have the same name'
  const units = lines.map(({ quantity }) => usableQuantity(quantity) ?? Number.NaN)
  if (units.some(Number.isNaN)) return `a quantity is no whole number from 1 to ${QUANTITY_LIMIT}`
  return sum(units) > FRESH_KEYS_MAX ? `more than ${FRESH_KEYS_MAX} units in an order` : undefined
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** The business key of what is issued: never the event's id, since several events tell of one sale. */
async function idempotencyKey(order: string, line: string): Promise<string> {
  const key = JSON.stringify([order, line])
  return isName(key) ? key : sha256HexOfText(key)
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
