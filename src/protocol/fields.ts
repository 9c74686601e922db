/**
 * The rules of the parameters, as zod schemas, and the one way to check a request against them. Every bad
 * field is reported at once, under its own name, in sentences for the sender.
 */
import * as z from 'zod/mini'
import type { BodyFields } from '../http/body.ts'
import {
  isEmailAddress,
  isOwnerName,
  isTextOfAtMost,
  NOT_SET,
  OWNER_EMAIL_CHARACTERS_MAX,
  OWNER_NAME_CHARACTERS_MAX,
} from './owner.ts'

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
).check(z.meta({ minLength: 1, maxLength: OWNER_NAME_CHARACTERS_MAX }))

export const ownerEmail = emailAddress('owner_email')

/** @param name the field, for the sentences; the protocol's text for what nobody told will do */
export function emailAddress(name: string) {
  return text(name, 'an e-mail address', (value) => value === NOT_SET || isEmailAddress(value)).check(
    z.meta({
      description: `An e-mail address of any script, or the text ${NOT_SET}`,
      anyOf: [{ const: NOT_SET }, { format: 'idn-email', maxLength: OWNER_EMAIL_CHARACTERS_MAX }],
    }),
  )
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
  ).check(z.meta({ minLength: 1, maxLength: charactersMax }))
}

/** A license key as it is looked for: one that is missing is unknown, and answered as such. */
export const licenseKey = optional(plainText('license_key', 255)).check(
  z.meta({ description: 'The license key, in 1 to 255 characters without control characters' }),
)

/** A device or domain. Where it is missing is for the database to say, since other things are said first. */
export const identifier = optional(plainText('identifier', 255)).check(
  z.meta({
    description: 'The device or domain, in 1 to 255 characters without control characters',
  }),
)

export const validityDays = wholeNumber('validity', 0, 36_500).check(
  z.meta({
    description: 'Days, 0 to 36500, after which a key expires once it is assigned; 0: never',
  }),
)
export const activationLimit = wholeNumber('activation_limit', 0, 1_000_000).check(
  z.meta({
    description: 'How many devices or domains a key may be active on, 0 to 1000000; 0: any number',
  }),
)

/** A field that may be left out: what is empty, or blank, is taken for missing, as the protocol's servers do. */
export function optional<Schema extends z.ZodMiniType>(schema: Schema) {
  return z.pipe(
    z.transform((value: unknown) => (isBlank(value) ? undefined : value)),
    z.optional(schema),
  )
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
  const digits = z.pipe(z.string({ error }).check(z.regex(/^[0-9]+$/, { error })), z.transform(Number))
  const number = z.int({ error, abort: true }).check(z.gte(min, { error }), z.lte(max, { error }))
  return z.pipe(z.union([digits, z.number({ error })], { error }), number).check(
    z.meta({
      description: `A whole number from ${min} to ${max}, as a number or as its decimal digits`,
      anyOf: [
        { type: 'integer', minimum: min, maximum: max },
        { type: 'string', pattern: '^[0-9]+$' },
      ],
    }),
  )
}

/** @returns the parameters, or what is wrong with them; a field given twice is wrong, an unknown one is ignored */
export function checkFields<Shape extends z.core.$ZodShape>(
  schema: z.ZodMiniObject<Shape>,
  fields: BodyFields,
): Checked<z.output<z.ZodMiniObject<Shape>>> {
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
  return z
    .string({ error })
    .check(
      z.overwrite(normalise),
      z.refine(isValid, { error }),
      z.meta({ description: capitalised(description) }),
    )
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

function capitalised(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1)
}
