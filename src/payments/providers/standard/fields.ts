/** The names, amounts and bodies that senders of Standard Webhooks use. They must be exact: faults are answered 422. */
import * as z from 'zod/mini'
import { WHOLE_ORDER } from '../../payment-event.ts'
import { instant } from '../fields.ts'

/** A shop may send its numeric ids as numbers. */
export const name = z.pipe(
  z.union([z.string(), z.pipe(z.int(), z.transform(String))]),
  z.string().check(z.regex(/^[\x21-\x7e]{1,100}$/)),
)
export const lineName = name.check(z.refine((text) => text !== WHOLE_ORDER))
export const names = z.nullish(z.array(name).check(z.maxLength(20)))
export const amount = z.nullish(z.int().check(z.nonnegative()))

/** Schemas begin at the body, so that faults name fields as the sender wrote them: `data.lines.0.product`. */
export function eventWith<Shape extends z.core.$ZodShape>(shape: Shape) {
  return z.object({ timestamp: instant, data: z.object(shape) })
}

export function uniqueById<Line extends z.ZodMiniType<{ readonly id: string }>>(line: Line) {
  const isUnique = (lines: readonly { readonly id: string }[]) =>
    new Set(lines.map(({ id }) => id)).size === lines.length
  return z.array(line).check(z.minLength(1), z.maxLength(500), z.refine(isUnique))
}
