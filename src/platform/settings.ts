/**
 * The Worker's bindings, variables and secrets. Each folder declares and checks its own settings. src/app.ts
 * checks all of them, so no request is served if one is missing or wrong. docs/settings.md describes them.
 */
import * as z from 'zod/mini'
import { LoggableError } from './log.ts'

export interface Settings {
  readonly [name: string]: unknown
}

/** Passed in by the platform: bindings and variables from `wrangler.toml`, and secrets. */
export interface Bindings extends Settings {
  readonly DB: D1Database
}

/** A setting is missing or wrong. The message is logged and never sent to the caller. */
export class SettingError extends LoggableError {
  override name = 'SettingError'
  /** The message without the remedy. */
  readonly fault: string
  readonly remedy: string

  /**
   * @param setting the variable, secret or binding
   * @param fault what is wrong with it, without its value
   * @param remedy the change or command that fixes it
   */
  constructor(setting: string, fault: string, remedy: string) {
    super(`${setting} ${fault}. To fix it: ${remedy}`)
    this.fault = `${setting} ${fault}`
    this.remedy = remedy
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  ADMIN_TOKEN: 'openssl rand -hex 32 | npx wrangler secret put ADMIN_TOKEN',
  DB: 'npx wrangler d1 create keyseal, then set its id in [[d1_databases]] in wrangler.toml',
  MAX_QUANTITY: 'set [vars] MAX_QUANTITY = "1000" in wrangler.toml, then npm run deploy',
  WEBHOOK_HTTP_HOSTS: 'set [vars] WEBHOOK_HTTP_HOSTS = "shop.example" in wrangler.toml, then npm run deploy',
  ACTIVATIONS_MAX: 'set [vars] ACTIVATIONS_MAX = "1000" in wrangler.toml, then npm run deploy',
  RELEASES_MAX: 'set [vars] RELEASES_MAX = "3" in wrangler.toml, then npm run deploy',
  LICENSE_FILE_DAYS_MAX: 'set [vars] LICENSE_FILE_DAYS_MAX = "30" in wrangler.toml, then npm run deploy',
  AUDIT_DAYS: 'set [vars] AUDIT_DAYS = "365" in wrangler.toml, then npm run deploy',
  RATE_LIMITS: 'set [vars] RATE_LIMITS = "on" in wrangler.toml, then npm run deploy',
  DATABASE_LIMIT_BYTES: 'set [vars] DATABASE_LIMIT_BYTES = "500000000" in wrangler.toml, then npm run deploy',
  DELIVERIES:
    'npx wrangler queues create keyseal-deliveries, declare [[queues.producers]] binding = "DELIVERIES" in wrangler.toml, then npm run deploy',
  CALLBACKS:
    'npx wrangler queues create keyseal-callbacks, declare [[queues.producers]] binding = "CALLBACKS" in wrangler.toml, then npm run deploy',
  EMAIL:
    'npx wrangler secret put RESEND_API_KEY, or declare [[send_email]] name = "EMAIL" in wrangler.toml, then npm run deploy',
  RESEND_API_KEY: 'npx wrangler secret put RESEND_API_KEY',
  RESEND_WEBHOOK_SECRET: 'npx wrangler secret put RESEND_WEBHOOK_SECRET',
  SELLER_NAME: 'set [vars] SELLER_NAME = "Example Ltd." in wrangler.toml, then npm run deploy',
  SELLER_LOGO_URL:
    'set [vars] SELLER_LOGO_URL = "https://example.com/logo.png" in wrangler.toml, then npm run deploy',
  SELLER_COLOR: 'set [vars] SELLER_COLOR = "#1a73e8" in wrangler.toml, then npm run deploy',
  SELLER_SUPPORT: 'set [vars] SELLER_SUPPORT = "support@example.com" in wrangler.toml, then npm run deploy',
  EMAIL_FROM: 'set [vars] EMAIL_FROM in wrangler.toml to an address of your domain, then npm run deploy',
  DELIVERY_WEBHOOK_URL: 'npx wrangler secret put DELIVERY_WEBHOOK_URL',
  DELIVERY_WEBHOOK_SECRET:
    'npm run --silent keyseal -- webhook-secret | npx wrangler secret put DELIVERY_WEBHOOK_SECRET',
}

export function settingError(setting: string, fault: string): SettingError {
  return new SettingError(setting, fault, REMEDIES[setting] ?? 'see docs/settings.md')
}

/**
 * Checks settings against a schema.
 *
 * @throws SettingError that names the first setting that is missing or wrong
 */
export function checkSettings<Output>(schema: z.ZodMiniType<Output>, settings: Settings): Output {
  const parsed = schema.safeParse(settings)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw settingError(String(issue?.path[0]), issue?.message ?? 'is wrong')
}

/**
 * The schema of a variable that contains a whole number. Variables are texts.
 *
 * @param fault as of a `SettingError`, if the text does not match the pattern
 */
export function numberSetting(pattern: RegExp, fault: string, defaultValue: number) {
  return z._default(z.pipe(z.string().check(z.regex(pattern, fault)), z.transform(Number)), defaultValue)
}

/** Memoizes the function. The platform passes the same settings object to every request of an isolate. */
export function oncePerIsolate<Result>(read: (settings: Settings) => Result): (settings: Settings) => Result {
  const results = new WeakMap<Settings, Result>()
  return (settings) => {
    const cached = results.get(settings)
    if (cached !== undefined) return cached
    const result = read(settings)
    results.set(settings, result)
    return result
  }
}

/** Allows webhooks to local addresses and without TLS. Never set it in production. */
export function isLocalDevelopment(settings: Settings): boolean {
  return settings.LOCAL_DEVELOPMENT === 'true'
}
