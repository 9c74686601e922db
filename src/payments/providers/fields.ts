import * as z from 'zod/mini'
import { LAST_INSTANT } from '../../protocol/dates.ts'
import type { Notice, PurchasedLine } from '../payment-event.ts'

/** A name given by a provider. Leaves room for a prefix within the 255 characters of the database. */
export const name = z.string().check(z.minLength(1), z.maxLength(200))

export const number = z.union([name, z.pipe(z.int().check(z.nonnegative()), z.transform(String))])

/** A date and time (RFC 3339), converted to milliseconds UTC. */
export const instant = z.pipe(z.pipe(z.string(), z.transform(Date.parse)), z.int().check(z.lte(LAST_INSTANT)))

/** Like `instant`, but anything else counts as missing, because an odd date must not stop a sale. */
export const optionalInstant = z.catch(z.optional(instant), undefined)
/** An amount in the smallest unit of its currency. Anything else counts as missing. */
export const amount = z.catch(z.optional(z.int().check(z.nonnegative())), undefined)
/** Milliseconds UTC. */
export const milliseconds = z.int().check(z.nonnegative(), z.lte(LAST_INSTANT))

/**
 * An object that some events replace by its id.
 *
 * @param schema without required fields except the id
 */
export function objectOrId<Schema extends z.ZodMiniType>(schema: Schema, idField = 'id') {
  const fromId = z.pipe(
    name,
    z.transform((id) => schema.parse({ [idField]: id })),
  )
  return z.union([schema, fromId])
}

/** A field that another function checks, or that can have any value. */
export const unchecked = z.optional(z.unknown())

/** Merges lines with the same id and adds their quantities. Quantities may still be invalid. */
export function mergeLines(lines: readonly PurchasedLine[]): PurchasedLine[] {
  const byId = new Map<string, PurchasedLine>()
  for (const line of lines) {
    const first = byId.get(line.id)
    byId.set(line.id, first ? { ...first, quantity: sum(first.quantity, line.quantity) } : line)
  }
  return [...byId.values()]
}

function sum(one: unknown, other: unknown): unknown {
  if (typeof one !== 'number') return one
  return typeof other === 'number' ? one + other : other
}

/** @returns the candidates that are non-empty texts, without duplicates */
export function usableNames(...candidates: readonly unknown[]): string[] {
  const texts = candidates.filter((candidate) => typeof candidate === 'string' && candidate !== '')
  return [...new Set(texts as string[])]
}

/** @returns undefined if neither part is a text. Parts may be the same: a person can be called Ali Ali */
export function fullName(first: unknown, last: unknown): string | undefined {
  const parts = [first, last].filter((part) => typeof part === 'string' && part !== '')
  return parts.join(' ') || undefined
}

/** @returns the first name or number at one of these paths (keys, joined by dots) */
export function nameAt(payload: unknown, ...paths: readonly string[]): string | undefined {
  for (const path of paths) {
    const found = number.safeParse(path.split('.').reduce(memberOf, payload))
    if (found.success) return found.data
  }
  return undefined
}

function memberOf(holder: unknown, key: string): unknown {
  return typeof holder === 'object' && holder !== null && Object.hasOwn(holder, key)
    ? (holder as Record<string, unknown>)[key]
    : undefined
}

/** Whether the id can be used in a URL path without encoding. */
export function isPlainId(text: unknown): text is string {
  return typeof text === 'string' && /^[\w-]{1,200}$/.test(text)
}

/** @param note the reason, without personal data */
export function ignored(note: string, order?: string, references?: readonly string[]): Notice {
  return notice('ignored', note, order, references)
}

/** Like `ignored`, but an operator should check it. */
export function flagged(note: string, order?: string, references?: readonly string[]): Notice {
  return notice('flagged', note, order, references)
}

/** An event whose type changes no license keys or is unknown. */
export function unusedEvent(type: string): Notice {
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
