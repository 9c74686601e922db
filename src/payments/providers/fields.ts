/** What the providers' events have in common: names, instants, quantities, and news that change nothing. */
import * as z from 'zod/mini'
import type { Notice, PurchasedLine } from '../purchase.ts'

/** What a provider calls something. Leaves room for a prefix within the 255 characters of the database. */
export const name = z.string().check(z.minLength(1), z.maxLength(200))

/** A number that names something, or the same as text. */
export const number = z.union([name, z.pipe(z.int().check(z.nonnegative()), z.transform(String))])

/** @returns milliseconds UTC of a date and time as text (RFC 3339) */
export const instant = z.pipe(z.pipe(z.string(), z.transform(Date.parse)), z.int())

/** Another event's business: nothing has to be known about it. */
export const unread = z.optional(z.unknown())

/** A unit is meant where no quantity is told; what is told is passed on, whatever it is. */
export function quantityOf(told: unknown): unknown {
  return told ?? 1
}

/** One line of each id, with the quantities of all; one that is no number is left to be refused as it is. */
export function mergeLines(lines: readonly PurchasedLine[]): PurchasedLine[] {
  const byId = new Map<string, PurchasedLine>()
  for (const line of lines) {
    const known = byId.get(line.id)
    byId.set(line.id, known ? { ...known, quantity: sum(known.quantity, line.quantity) } : line)
  }
  return [...byId.values()]
}

function sum(known: unknown, added: unknown): unknown {
  if (typeof known !== 'number') return known
  return typeof added === 'number' ? known + added : added
}

/** Those that are there. */
export function namesAmong(...candidates: readonly unknown[]): string[] {
  const texts = candidates.filter((candidate) => typeof candidate === 'string' && candidate !== '')
  return [...new Set(texts as string[])]
}

/** @returns the first that is text and not blank */
export function firstText(...candidates: readonly unknown[]): string | undefined {
  return candidates.find((candidate) => typeof candidate === 'string' && candidate.trim() !== '') as
    | string
    | undefined
}

/** Whether it can stand in the path of an address as it is. */
export function isPlainId(text: unknown): text is string {
  return typeof text === 'string' && /^[\w-]{1,200}$/.test(text)
}

/**
 * @param note why, without anybody's data
 * @param order a name of the order, where the event tells one
 * @param references further names of it
 */
export function ignored(note: string, order?: string, references?: readonly string[]): Notice {
  return notice('ignored', note, order, references)
}

/** As `ignored`, for a person to look at. */
export function flagged(note: string, order?: string, references?: readonly string[]): Notice {
  return notice('flagged', note, order, references)
}

/** Of an event type that means nothing here, or that is not known yet. */
export function notUsed(type: string): Notice {
  return ignored(`events of type ${type.slice(0, 100)} are not used`)
}

function notice(
  kind: Notice['kind'],
  note: string,
  order: string | undefined,
  references: readonly string[] | undefined,
): Notice {
  return {
    kind,
    note,
    ...(order === undefined ? {} : { order }),
    ...(references === undefined || references.length === 0 ? {} : { references }),
  }
}
