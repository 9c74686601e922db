/** The rules of the parameters that only license keys in stock and their corrections have. */
import * as z from 'zod/mini'
import { instantOf } from '../protocol/dates.ts'
import { choice, optional } from '../protocol/fields.ts'
import { LICENSE_KEY_STATUSES } from '../protocol/license-key-status.ts'
import { isTextOfAtMost } from '../protocol/owner.ts'
import { CREATED_KEYS_BYTES_MAX, CREATED_KEYS_MAX } from './create-license-keys.ts'

export const licenseKeyStatus = choice('status', LICENSE_KEY_STATUSES)

/** `YYYY-MM-DD HH:MM:SS`, UTC; milliseconds UTC for the domain. */
export const assignedAt = optional(
  z.transform((input: unknown, context) => {
    const instant = typeof input === 'string' ? instantOf(input.trim()) : undefined
    if (instant !== undefined) return instant
    const message = 'The assigned_at field must be a date and time in UTC, as 2026-11-24 07:30:00.'
    context.issues.push({ code: 'custom', message, input })
    return z.NEVER
  }),
).check(z.meta({ type: 'string', description: 'A date and time in UTC: YYYY-MM-DD HH:MM:SS' }))

const LICENSE_KEY_CHARACTERS_MAX = 255

/** A list of license keys: an array, or its JSON text, as a form has it. An empty one is right. */
export const licenseKeyList = z
  .pipe(
    // By itself a transformation would pass for a parameter that may be left out.
    z.unknown(),
    z.transform((input, context): string[] => {
      const list = typeof input === 'string' && input !== '' ? parseJson(input) : input
      const fault = faultInList(list)
      if (fault === undefined) return (list as string[]).map((licenseKey) => licenseKey.trim())
      context.issues.push({ code: 'custom', message: `The license_keys field ${fault}.`, input })
      return z.NEVER
    }),
  )
  .check(
    z.meta({
      description: `At most ${CREATED_KEYS_MAX} license keys; in a form, their list as JSON`,
      anyOf: [
        {
          type: 'array',
          maxItems: CREATED_KEYS_MAX,
          items: { type: 'string', minLength: 1, maxLength: LICENSE_KEY_CHARACTERS_MAX },
        },
        { type: 'string', contentMediaType: 'application/json' },
      ],
    }),
  )

function faultInList(list: unknown): string | undefined {
  if (list === undefined || list === null || list === '') return 'is required'
  if (!Array.isArray(list)) return 'must be a JSON list of license keys'
  if (list.length > CREATED_KEYS_MAX) return `must be a list of at most ${CREATED_KEYS_MAX} license keys`
  const isLicenseKey = (member: unknown) =>
    typeof member === 'string' && isTextOfAtMost(member.trim(), LICENSE_KEY_CHARACTERS_MAX)
  if (!list.every(isLicenseKey)) {
    return `must be a list of texts of 1 to ${LICENSE_KEY_CHARACTERS_MAX} characters without control characters`
  }
  const bytes = new TextEncoder().encode(JSON.stringify(list)).byteLength
  return bytes > CREATED_KEYS_BYTES_MAX
    ? `must be at most ${CREATED_KEYS_BYTES_MAX} bytes of JSON`
    : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
