/**
 * The rules of the parameters, as zod schemas, and the one way to check a request against them. Every bad
 * field is reported at once, under its own name, in sentences for the sender.
 */
import * as z from 'zod'
import {
  isEmailAddress,
  isOwnerName,
  isTextOfAtMost,
  NOT_SET,
  OWNER_NAME_CHARACTERS_MAX,
} from '../licensing/owner.ts'
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

export const ownerEmail = emailAddress('owner_email')

/** @param name the field, for the sentences; the protocol's text for what nobody told will do */
export function emailAddress(name: string) {
  return text(name, 'an e-mail address', (value) => value === NOT_SET || isEmailAddress(value))
}

/**
 * Text, trimmed as the protocol's servers trim it: 1 to `charactersMax` characters, none of them a control
 * character but, in a long text, for tabs and line ends.
 */
export function plainText(name: string, charactersMax: number) {
  const isLong = charactersMax > 255
  return text(
    name,
    `1 to ${charactersMax} characters without control characters`,
    (value) => isTextOfAtMost(isLong ? value.replaceAll(/[\t\r\n]/g, ' ') : value, charactersMax),
    (value) => value.trim(),
  )
}

/** A license key as it is looked for: one that is missing is unknown, and answered as such. */
export const licenseKey = optional(plainText('license_key', 255))

/** A device or domain. Where it is missing is for the database to say, since other things are said first. */
export const identifier = optional(plainText('identifier', 255))

export const validityDays = wholeNumber('validity', 0, 36_500)
export const activationLimit = wholeNumber('activation_limit', 0, 1_000_000)

/** A field that may be left out: what is empty, or blank, is taken for missing, as the protocol's servers do. */
export function optional<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((value) => (isBlank(value) ? undefined : value), schema.optional())
}

function isBlank(value: unknown): boolean {
  return value === null || (typeof value === 'string' && value.trim() === '')
}

/** One of the words that a field knows. */
export function choice<const Words extends readonly [string, ...string[]]>(name: string, words: Words) {
  return z.enum(words, {
    error: ({ input }) => (isMissing(input) ? requiredSentence(name) : `The selected ${name} is invalid.`),
  })
}

/** `0` or `1`, as text or number. */
export function flag(name: string) {
  return wholeNumber(name, 0, 1)
}

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
  return ({ input }: { readonly input?: unknown }) =>
    isMissing(input) ? requiredSentence(name) : `The ${name} field ${rule}.`
}

function isMissing(input: unknown): boolean {
  return input === undefined || input === null || input === ''
}

export function requiredSentence(name: string): string {
  return `The ${name} field is required.`
}
