/**
 * The rules of the parameters, as zod schemas, and the one way to check a request against them. Every bad
 * field is reported at once, under its own name, in sentences for the sender.
 */
import * as z from 'zod/mini'
import {
  isEmailAddress,
  isOwnerName,
  isTextOfAtMost,
  NOT_SET,
  OWNER_EMAIL_CHARACTERS_MAX,
  OWNER_NAME_CHARACTERS_MAX,
} from './owner.ts'

/** The fields of a request, wherever its method carries them. */
export interface Fields {
  /** Text from a form or a query; any JSON value from JSON. */
  readonly values: Readonly<Record<string, unknown>>
  /** The names that were given more than once. */
  readonly repeated: ReadonlySet<string>
}

/** Field name to sentences, as `errors` of code 804. */
export type FieldErrors = Record<string, string[]>

export type Checked<Parameters> =
  | { readonly kind: 'valid'; readonly parameters: Parameters }
  | { readonly kind: 'invalid'; readonly errors: FieldErrors }

/** The greatest signed 32-bit integer. */
export const INTEGER_MAX = 2_147_483_647

export const productId = wholeNumber('product_id', 1, INTEGER_MAX)

/** The protocol's own sentence for a product that does not exist. */
export const PRODUCT_INVALID: FieldErrors = { product_id: ['The selected product id is invalid.'] }

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

/** An address that the protocol sends with an activation. It is stored, and never called. */
export const postUrl = optional(plainText('post_url', 2048))

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
    z.transform((value: unknown) => (isGiven(trimmed(value)) ? value : undefined)),
    z.optional(schema),
  )
}

function trimmed(value: unknown): unknown {
  return typeof value === 'string' ? value.trim() : value
}

/** Whether a field was sent with a value at all. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

/** One of the words that a field knows. */
export function choice<const Words extends readonly [string, ...string[]]>(name: string, words: Words) {
  return z.enum(words, {
    error: ({ input }) => (isGiven(input) ? `The selected ${name} is invalid.` : requiredSentence(name)),
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
  fields: Fields,
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
    isGiven(input) ? `The ${name} field ${rule}.` : requiredSentence(name)
}

export function requiredSentence(name: string): string {
  return `The ${name} field is required.`
}

function capitalised(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1)
}
