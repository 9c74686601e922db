/**
 * The rules of the parameters, as zod schemas, and the one way to check a request against them. Every bad
 * field is reported at once, under its own name, in sentences for the sender.
 */
import * as z from 'zod'
import { isEmailAddress, isOwnerName, OWNER_NAME_CHARACTERS_MAX } from '../licensing/owner.ts'
import type { BodyFields } from './request-body.ts'

/** Field name to sentences, as `errors` of code 804. */
export type FieldErrors = Record<string, string[]>

export type Checked<Parameters> =
  | { readonly kind: 'valid'; readonly parameters: Parameters }
  | { readonly kind: 'invalid'; readonly errors: FieldErrors }

const PRODUCT_ID_MAX = 2_147_483_647

export const productId = wholeNumber('product_id', 1, PRODUCT_ID_MAX)

export const ownerName = text(
  'owner_name',
  `1 to ${OWNER_NAME_CHARACTERS_MAX} characters without control characters`,
  isOwnerName,
  (value) => value.trim(),
)

export const ownerEmail = text('owner_email', 'an e-mail address', isEmailAddress)

/**
 * Decimal digits and nothing else: `1e3`, `7.0`, `0x7`, ` 7`, `-1` and `+1` are refused.
 *
 * @param name the field, for the sentences
 * @param min the least value
 * @param max the greatest value
 */
export function wholeNumber(name: string, min: number, max: number) {
  const error = sentence(name, `must be a whole number from ${min} to ${max}`)
  const digits = z
    .string({ error })
    .regex(/^[0-9]+$/, { error })
    .transform(Number)
  return z
    .union([digits, z.number({ error })], { error })
    .pipe(z.int({ error, abort: true }).min(min, { error }).max(max, { error }))
}

/** @returns the parameters, or what is wrong with them; a field given twice is wrong, an unknown one is ignored */
export function checkFields<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  fields: BodyFields,
): Checked<z.output<z.ZodObject<Shape>>> {
  const parsed = schema.safeParse(fields.values)
  const repeated = Object.keys(schema.shape).filter((name) => fields.repeated.has(name))
  if (parsed.success && repeated.length === 0) return { kind: 'valid', parameters: parsed.data }
  const errors: FieldErrors = {}
  for (const { path, message } of parsed.error?.issues ?? []) errors[String(path[0])] = [message]
  for (const name of repeated) errors[name] = [`The ${name} field must be given once.`]
  return { kind: 'invalid', errors }
}

function text(
  name: string,
  description: string,
  isValid: (value: string) => boolean,
  normalise: (value: string) => string = (value) => value,
) {
  const error = sentence(name, `must be ${description}`)
  return z.string({ error }).overwrite(normalise).refine(isValid, { error })
}

/** The protocol's own sentence for a field that is missing or empty, another for one that is wrong. */
function sentence(name: string, rule: string) {
  return (issue: { readonly input?: unknown }) => {
    const isMissing = issue.input === undefined || issue.input === null || issue.input === ''
    return isMissing ? `The ${name} field is required.` : `The ${name} field ${rule}.`
  }
}
