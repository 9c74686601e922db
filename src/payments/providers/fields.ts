/** What the providers' events have in common: names, instants, lines, and events that change nothing. */
import * as z from 'zod/mini'
import type { Notice, PurchasedLine } from '../payment-event.ts'

/** What a provider calls something. Leaves room for a prefix within the 255 characters of the database. */
export const name = z.string().check(z.minLength(1), z.maxLength(200))

/** A number that names something, or the same as text. */
export const number = z.union([name, z.pipe(z.int().check(z.nonnegative()), z.transform(String))])

/** A date and time as text (RFC 3339), as milliseconds UTC. */
export const instant = z.pipe(z.pipe(z.string(), z.transform(Date.parse)), z.int())

/** A field that another function checks, or that may have any value. */
export const unread = z.optional(z.unknown())

/** Merges lines of the same id and adds up their quantities. A quantity that is no number stays, and is refused later. */
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

/** @returns those candidates that are names, each once */
export function namesAmong(...candidates: readonly unknown[]): string[] {
  const texts = candidates.filter((candidate) => typeof candidate === 'string' && candidate !== '')
  return [...new Set(texts as string[])]
}

/** Whether it can stand in the path of a URL as it is. */
export function isPlainId(text: unknown): text is string {
  return typeof text === 'string' && /^[\w-]{1,200}$/.test(text)
}

/**
 * @param note why, without anybody's data
 * @param order a name of the order, where the event has one
 * @param references further names of it
 */
export function ignored(note: string, order?: string, references?: readonly string[]): Notice {
  return notice('ignored', note, order, references)
}

/** As `ignored`, for an operator to look at. */
export function flagged(note: string, order?: string, references?: readonly string[]): Notice {
  return notice('flagged', note, order, references)
}

/** An event of a type that means nothing here, or that is not known yet. */
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
