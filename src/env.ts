/**
 * The Worker's bindings, variables and secrets, read once per isolate. A setting that is missing or wrong
 * fails closed: no request is served, and the log names it and the command that mends it.
 */
import * as z from 'zod'
import { type SigningSecrets, signingSecrets } from './envelope/signing-keys.ts'
import { SettingError } from './setting-error.ts'

/** What the platform hands over: `wrangler.toml` declares the first two, secrets are set by command. */
export interface Bindings {
  readonly DB: D1Database
  readonly MAX_QUANTITY?: string
  readonly SIGNING_PRIVATE_KEY?: string
  readonly [productKey: `SIGNING_PRIVATE_KEY_PRODUCT_${number}`]: string
}

/** What the rest of the Worker uses. */
export interface Settings {
  readonly db: D1Database
  /** The most license keys one request may ask for. */
  readonly maxQuantity: number
  readonly signingSecrets: SigningSecrets
}

/** 10,000 keys are 390 kB of the one JSON parameter they travel in, which D1 limits to 2 MB. */
export const QUANTITY_LIMIT = 10_000
const QUANTITY_DEFAULT = 1_000

const REMEDIES: Record<string, string> = {
  DB: 'npx wrangler d1 create keyseal, then put its id into [[d1_databases]] in wrangler.toml',
  MAX_QUANTITY: `set [vars] MAX_QUANTITY = "${QUANTITY_DEFAULT}" in wrangler.toml, then npx wrangler deploy`,
}

const schema = z.object({
  DB: z.custom<D1Database>((value) => typeof value === 'object' && value !== null, 'is not bound'),
  MAX_QUANTITY: z
    .string()
    .regex(/^[1-9]\d*$/, `is not a whole number from 1 to ${QUANTITY_LIMIT}`)
    .transform((text) => Math.min(Number(text), QUANTITY_LIMIT))
    .default(QUANTITY_DEFAULT),
})

const known = new WeakMap<object, Settings>()

/** @throws SettingError naming the first setting that is missing or wrong */
export function readSettings(bindings: object): Settings {
  const settings = known.get(bindings) ?? parseSettings(bindings)
  known.set(bindings, settings)
  return settings
}

function parseSettings(bindings: object): Settings {
  const parsed = schema.safeParse(bindings)
  if (parsed.success) {
    const { DB, MAX_QUANTITY } = parsed.data
    return { db: DB, maxQuantity: MAX_QUANTITY, signingSecrets: signingSecrets(bindings) }
  }
  const issue = parsed.error.issues[0]
  const setting = String(issue?.path[0])
  throw new SettingError(setting, issue?.message ?? 'is wrong', REMEDIES[setting] ?? 'see README.md')
}
