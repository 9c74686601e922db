/**
 * The Worker's bindings, variables and secrets, read once per isolate. A setting that is missing or wrong
 * fails closed: no request is served, and the log names it and the command that mends it.
 */
import * as z from 'zod/mini'
import { type DeliverySettings, deliverySettingsSchema } from './deliveries/settings.ts'
import { type Limiters, limitersSchema } from './http/limits.ts'
import { QUANTITY_LIMIT } from './issuing/issuance.ts'
import { type PaymentSettings, paymentSettings } from './payments/settings.ts'
import { settingError } from './platform/setting-error.ts'
import type { Message } from './queue/messages.ts'
import { type SigningSecrets, signingSecrets } from './signing/signing-keys.ts'

/** What the platform hands over: `wrangler.toml` declares bindings and variables, secrets are set by command. */
export interface Bindings {
  readonly DB: D1Database
  readonly DELIVERIES?: Queue<Message>
  readonly EMAIL?: SendEmail
  readonly METRICS?: AnalyticsEngineDataset
  /** Every variable and secret; docs/settings.md lists them. */
  readonly [setting: string]: unknown
}

/** What the rest of the Worker uses. */
export interface Settings {
  readonly db: D1Database
  /** The most license keys one request may ask for. */
  readonly maxQuantity: number
  readonly signingSecrets: SigningSecrets
  readonly payments: PaymentSettings
  readonly deliveries: DeliverySettings
  readonly limiters: Limiters
}

const QUANTITY_DEFAULT = 1_000

const schema = z.object({
  DB: z.custom<D1Database>((value) => typeof value === 'object' && value !== null, 'is not bound'),
  MAX_QUANTITY: z._default(
    z.pipe(
      z.string().check(z.regex(/^[1-9]\d*$/, `is not a whole number from 1 to ${QUANTITY_LIMIT}`)),
      z.transform((text) => Math.min(Number(text), QUANTITY_LIMIT)),
    ),
    QUANTITY_DEFAULT,
  ),
})

const known = new WeakMap<object, Settings>()

/** @throws SettingError naming the first setting that is missing or wrong */
export function readSettings(bindings: object): Settings {
  const settings = known.get(bindings) ?? parseSettings(bindings)
  known.set(bindings, settings)
  return settings
}

function parseSettings(bindings: object): Settings {
  const { DB, MAX_QUANTITY } = checked(schema, bindings)
  return {
    db: DB,
    maxQuantity: MAX_QUANTITY,
    signingSecrets: signingSecrets(bindings),
    payments: paymentSettings(bindings),
    deliveries: checked(deliverySettingsSchema, bindings),
    limiters: checked(limitersSchema, bindings),
  }
}

function checked<Output>(rules: z.ZodMiniType<Output>, bindings: object): Output {
  const parsed = rules.safeParse(bindings)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const setting = String(issue?.path[0])
  throw settingError(setting, issue?.message ?? 'is wrong')
}
