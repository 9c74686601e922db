/** Parameters of the endpoints that add, list and update license keys. */
import * as z from 'zod/mini'
import { LICENSE_KEY_STATUSES } from '../db/schema/index.ts'
import { JSON_DEPTH_MAX } from '../http/json-body.ts'
import { scanJson } from '../http/scan-json.ts'
import { parseJson } from '../platform/json.ts'
import { parseDateAndTime } from '../protocol/dates.ts'
import { choice, optional } from '../protocol/fields.ts'
import { isTextOfAtMost } from '../protocol/owner.ts'

export const licenseKeyStatus = choice('status', LICENSE_KEY_STATUSES)

/** The longest validity, a hundred years, ends before the year 10000. */
const ASSIGNED_BEFORE = Date.UTC(9900, 0, 1)

/** Parses a date and time into milliseconds UTC. */
export const assignedAt = optional(
  z.transform((input: unknown, context) => {
    const instant = typeof input === 'string' ? parseDateAndTime(input.trim()) : undefined
    if (instant !== undefined && instant < ASSIGNED_BEFORE) return instant
    const message =
      'The assigned_at field must be a date and time before the year 9900, like 2026-11-24 07:30:00 in UTC or 2026-11-24T08:30:00+01:00.'
    context.issues.push({ code: 'custom', message, input })
    return z.NEVER
  }),
).check(
  z.meta({
    type: 'string',
    description:
      'A date and time before the year 9900: YYYY-MM-DD HH:MM:SS in UTC, or ISO 8601 with an offset and fractions of a second',
  }),
)

const KEYS_MAX = 10_000
/** The list is one JSON parameter of a D1 statement, whose limit is 2 MB. */
const KEYS_BYTES_MAX = 1_500_000
const KEY_CHARACTERS_MAX = 255
const TOO_MANY_KEYS = `must contain at most ${KEYS_MAX} license keys`

/** A list of license keys: an array, or its JSON text in a form. It may be empty. */
export const licenseKeyList = z
  .pipe(
    // A transform alone would make the parameter optional.
    z.unknown(),
    z.transform((input, context): string[] => {
      const { list, error = licenseKeyListError(list) } = readList(input)
      if (error === undefined) return (list as string[]).map((licenseKey) => licenseKey.trim())
      context.issues.push({ code: 'custom', message: `The license_keys field ${error}.`, input })
      return z.NEVER
    }),
  )
  .check(
    z.meta({
      description: `At most ${KEYS_MAX} license keys. In a form, a JSON array`,
      anyOf: [
        {
          type: 'array',
          maxItems: KEYS_MAX,
          items: { type: 'string', minLength: 1, maxLength: KEY_CHARACTERS_MAX },
        },
        { type: 'string', contentMediaType: 'application/json' },
      ],
    }),
  )

function licenseKeyListError(list: unknown): string | undefined {
  if (list === undefined || list === null || list === '') return 'is required'
  if (!Array.isArray(list)) return 'must be a JSON array of license keys'
  if (list.length > KEYS_MAX) return TOO_MANY_KEYS
  const isLicenseKey = (member: unknown) =>
    typeof member === 'string' && isTextOfAtMost(member.trim(), KEY_CHARACTERS_MAX)
  if (!list.every(isLicenseKey)) {
    return `must contain only strings of 1 to ${KEY_CHARACTERS_MAX} characters without control characters`
  }
  const bytes = new TextEncoder().encode(JSON.stringify(list)).byteLength
  return bytes > KEYS_BYTES_MAX ? `must be at most ${KEYS_BYTES_MAX} bytes as JSON` : undefined
}

/** The text of a list is scanned before it is parsed, like a body. */
function readList(input: unknown): { readonly list: unknown; readonly error?: string } {
  if (typeof input !== 'string' || input === '') return { list: input }
  const { kind } = scanJson(new TextEncoder().encode(input), {
    depthMax: JSON_DEPTH_MAX,
    valuesMax: KEYS_MAX,
  })
  if (kind === 'too-many-values') return { list: input, error: TOO_MANY_KEYS }
  const list = kind === 'scanned' ? parseJson(input) : undefined
  return { list: list === undefined ? input : list }
}
