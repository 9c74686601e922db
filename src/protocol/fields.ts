/** Zod schemas for parameters, and the check of a request against them. It reports all invalid fields. */
import * as z from 'zod/mini'
import { FEATURE_NAME, FEATURES_MAX, readFeatures } from './features.ts'
import {
  cleanedOwnerName,
  isEmailAddress,
  isOwnerName,
  isTextOfAtMost,
  NOT_SET,
  OWNER_EMAIL_CHARACTERS_MAX,
  OWNER_NAME_CHARACTERS_MAX,
} from './owner.ts'

/** The fields of a request, from its query or body. */
export interface Fields {
  /** Strings and lists of strings from a form or query; any JSON value from JSON. */
  readonly values: Readonly<Record<string, unknown>>
  /** The names that were sent in a wrong way, each with the rest of a sentence: `must be sent only once`. */
  readonly refused: ReadonlyMap<string, string>
}

/** Field name to messages, as in `errors` of code 804. */
export type FieldErrors = Record<string, string[]>

export type Checked<Parameters> =
  | { readonly kind: 'valid'; readonly parameters: Parameters }
  | { readonly kind: 'invalid'; readonly errors: FieldErrors }

/** The largest signed 32-bit integer. */
export const INTEGER_MAX = 2_147_483_647

export const productId = wholeNumber('product_id', 1, INTEGER_MAX)

const NONCE_RULE = 'The nonce field must be 16 to 128 visible ASCII characters.'

/** The protocol's message for a product that does not exist. */
export const PRODUCT_INVALID: FieldErrors = { product_id: ['The selected product id is invalid.'] }

/** Cleaned and cut, not rejected. */
export const ownerName = text(
  'owner_name',
  `1 to ${OWNER_NAME_CHARACTERS_MAX} characters without control characters`,
  isOwnerName,
  cleanedOwnerName,
).check(
  z.meta({
    description: `Text without control characters. Tabs and line breaks become spaces, and all after ${OWNER_NAME_CHARACTERS_MAX} characters is cut`,
    minLength: 1,
  }),
)

export const ownerEmail = emailAddress('owner_email')

/** An e-mail address, or the protocol's placeholder for an unknown one. */
export function emailAddress(name: string) {
  return text(
    name,
    'an e-mail address',
    (value) => value === NOT_SET || isEmailAddress(value),
    (value) => value.trim(),
  ).check(
    z.meta({
      description: `An e-mail address in any script, or the text ${NOT_SET}. Spaces around it are removed`,
      anyOf: [{ const: NOT_SET }, { format: 'idn-email', maxLength: OWNER_EMAIL_CHARACTERS_MAX }],
    }),
  )
}

/**
 * Text of 1 to `charactersMax` characters, trimmed like in other servers of the protocol. Control characters
 * are rejected, except tabs and line breaks if `charactersMax` is above 255.
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

/** A license key to look up. A missing one is treated as unknown. */
export const licenseKey = optional(plainText('license_key', 255)).check(
  z.meta({ description: 'The license key: 1 to 255 characters without control characters' }),
)

/** A device or domain. The database checks whether it is missing, since other refusals take precedence. */
export const identifier = optional(plainText('identifier', 255)).check(
  z.meta({
    description: 'The device or domain: 1 to 255 characters without control characters',
  }),
)

/** With it, the answer has a `proof` (src/protocol/proof.ts). */
export const nonce = optional(
  z.string({ error: NONCE_RULE }).check(z.regex(/^[\x21-\x7e]{16,128}$/, { error: NONCE_RULE })),
).check(
  z.meta({
    description:
      'Asks for a proof: the response then ends with `proof`, which repeats the nonce and binds the answer to this ' +
      'request. Send new random characters with each request: 16 to 128 visible ASCII characters',
  }),
)

/** A URL that clients of the protocol send with an activation. It is neither stored nor requested. */
export const postUrl = optional(plainText('post_url', 2048))

export const validityDays = wholeNumber('validity', 0, 36_500).check(
  z.meta({
    description: 'The number of days until an assigned key expires, 0 to 36500. 0 means never',
  }),
)
export const activationLimit = wholeNumber('activation_limit', 0, 1_000_000).check(
  z.meta({
    description:
      'The number of devices or domains a key may be active on, 0 to 1000000. ' +
      '0 means as many as ACTIVATIONS_MAX allows, a setting of the server (default 1000)',
  }),
)

/** A list of features as the text of a JSON array, or `Not set`, which removes a list. */
export const features = z
  .pipe(
    z.unknown(),
    z.transform((input, context): string => {
      if (input === NOT_SET) return NOT_SET
      const read = readFeatures(input)
      if (read.kind === 'features') return JSON.stringify(read.names)
      context.issues.push({ code: 'custom', message: `The features field ${read.rule}.`, input })
      return z.NEVER
    }),
  )
  .check(
    z.meta({
      description:
        `What the license key unlocks: at most ${FEATURES_MAX} names of 1 to 64 letters, digits or characters of ._:-, ` +
        'as an array, or as text separated by commas. The narrowest list counts: that of the license key, then of the ' +
        `offer that was sold, then of the product. \`[]\` means none. The text ${NOT_SET} removes the list`,
      anyOf: [
        {
          type: 'array',
          maxItems: FEATURES_MAX,
          uniqueItems: true,
          items: { type: 'string', pattern: FEATURE_NAME },
        },
        { type: 'string' },
      ],
    }),
  )

/** An optional field. A blank value counts as missing, as in other servers of the protocol. */
export function optional<Schema extends z.ZodMiniType>(schema: Schema) {
  return z.pipe(
    z.transform((value: unknown) => (isGiven(trimmed(value)) ? value : undefined)),
    z.optional(schema),
  )
}

/** Text without the spaces around it; any other value unchanged. */
export function trimmed(value: unknown): unknown {
  return typeof value === 'string' ? value.trim() : value
}

/** Whether a field has a value that is not empty. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

export function choice<const Values extends readonly [string, ...string[]]>(name: string, values: Values) {
  return z.enum(values, {
    error: ({ input }) => (isGiven(input) ? `The selected ${name} is invalid.` : requiredSentence(name)),
  })
}

/** `0` or `1`, as a string or number. */
export function flag(name: string) {
  return wholeNumber(name, 0, 1)
}

/** Decimal digits only: `1e3`, `7.0`, `0x7`, ` 7`, `-1` and `+1` are rejected. */
export function wholeNumber(name: string, min: number, max: number) {
  const error = errorMessage(name, `must be a whole number from ${min} to ${max}`)
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

/** @returns the parameters, or the errors. A refused field is an error, and an unknown field is ignored. */
export function checkFields<Shape extends z.core.$ZodShape>(
  schema: z.ZodMiniObject<Shape>,
  fields: Fields,
): Checked<z.output<z.ZodMiniObject<Shape>>> {
  const parsed = schema.safeParse(fields.values)
  const refused = Object.keys(schema.shape).filter((name) => fields.refused.has(name))
  if (parsed.success && refused.length === 0) return { kind: 'valid', parameters: parsed.data }
  const errors: FieldErrors = {}
  for (const { path, message } of parsed.error?.issues ?? []) errors[String(path[0])] = [message]
  for (const name of refused) errors[name] = [`The ${name} field ${fields.refused.get(name)}.`]
  return { kind: 'invalid', errors }
}

/** What is wrong with the fields; nothing if they are valid. */
export function errorsOf(checked: Checked<unknown>): FieldErrors {
  return checked.kind === 'invalid' ? checked.errors : {}
}

function text(
  name: string,
  description: string,
  isValid: (value: string) => boolean,
  normalize: (value: string) => string = (value) => value,
) {
  const error = errorMessage(name, `must be ${description}`)
  return z
    .string({ error })
    .check(
      z.overwrite(normalize),
      z.refine(isValid, { error }),
      z.meta({ description: capitalized(description) }),
    )
}

/** Returns the protocol's message for a missing field, or the rule for an invalid one. */
function errorMessage(name: string, rule: string) {
  return ({ input }: { readonly input?: unknown }) =>
    isGiven(input) ? `The ${name} field ${rule}.` : requiredSentence(name)
}

export function requiredSentence(name: string): string {
  return `The ${name} field is required.`
}

function capitalized(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1)
}
