/** Rules of fields that several admin endpoints have, and the form of their values in answers. */
import * as z from 'zod/mini'
import { parseDateAndTime } from '../protocol/dates.ts'
import { INTEGER_MAX, PRODUCT_INVALID, plainText, wholeNumber } from '../protocol/fields.ts'

export { NEXT_VERSION } from '../db/conditions.ts'

/** The id of a row. */
export function id(name = 'id') {
  return wholeNumber(name, 1, Number.MAX_SAFE_INTEGER)
}

/** The id of a product. */
export const productId = wholeNumber('product_id', 1, INTEGER_MAX)

/** Why something is changed, for the audit. */
export const reason = plainText('reason', 1000)

/** Milliseconds UTC from ISO 8601, or from a day, which means its beginning in UTC. */
export function instant(name: string) {
  const error = `The ${name} field must be a date such as 2026-11-28 or 2026-11-28T18:00:00Z.`
  return z
    .pipe(
      z.string({ error }),
      z.transform((text, context): number => {
        const at = parseDateAndTime(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text)
        if (at !== undefined) return at
        context.issues.push({ code: 'custom', message: error, input: text })
        return z.NEVER
      }),
    )
    .check(
      z.meta({
        description: 'A day or an instant (ISO 8601). Without an offset it is UTC',
        format: 'date-time',
      }),
    )
}

/** A field that a change may set to null. An omitted field keeps its value. */
export function orNull<Schema extends z.ZodMiniType>(schema: Schema) {
  return z.optional(z.nullable(schema))
}

/** `true` or `false`; in a query, as text. */
export function yesOrNo(name: string) {
  const error = `The ${name} field must be true or false.`
  return z.pipe(
    z.transform((value: unknown) => (value === 'true' ? true : value === 'false' ? false : value)),
    z.boolean({ error }),
  )
}

/** `2026-11-28T18:00:00.000Z` */
export function isoInstant(instant: number): string
export function isoInstant(instant: number | null): string | null
export function isoInstant(instant: number | null): string | null {
  return instant === null ? null : new Date(instant).toISOString()
}

/** The value of the header `ETag` of a row. @param updatedAt milliseconds UTC */
export function etagOf(updatedAt: number): Record<'ETag', string> {
  return { ETag: `"${updatedAt}"` }
}

/**
 * An SQL condition: the row is not the version that the caller read. Placeholder: `ifMatch`, the version or null.
 *
 * @param updatedAt SQL
 */
export function isOtherVersion(updatedAt: string): string {
  return `(:ifMatch is not null and ${updatedAt} <> :ifMatch)`
}

/**
 * SQL for the decision of a change: it is refused if the row is not the version that the caller read.
 *
 * @param row SQL that selects it: `<table> where <condition>`
 * @param decision SQL for the decision otherwise
 */
export function ifUnchanged(row: string, decision: string): string {
  return `case when exists (select 1 from ${row} and ${isOtherVersion('updated_at')})
    then json_object('kind', 'version-mismatch') else ${decision} end`
}

/** The problem of a change to something that several people may change. */
export const PROBLEMS_OF_CHANGES = {
  'not-found': 'not-found',
  'version-mismatch': 'version-mismatch',
} as const

/** The problem of a body whose `product_id` does not exist. */
export const PRODUCT_UNKNOWN = {
  code: 'invalid-request',
  describe: () => ({ errors: PRODUCT_INVALID }),
} as const
