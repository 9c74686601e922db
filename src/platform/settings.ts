/**
 * The Worker's bindings, variables and secrets. Each folder declares and checks its own settings; src/app.ts lists
 * them all, so that a missing or wrong one stops every request. docs/settings.md describes each of them.
 */
import type * as z from 'zod/mini'
import { LoggableError } from './log.ts'

/** Settings by name. */
export interface Settings {
  readonly [name: string]: unknown
}

/** What the platform passes in: `wrangler.toml` declares bindings and variables, commands set secrets. */
export interface Bindings extends Settings {
  readonly DB: D1Database
}

/** A setting is missing or wrong. The message goes to the log, never to the caller. */
export class SettingError extends LoggableError {
  override name = 'SettingError'
  /** The setting and what is wrong with it, without the remedy. */
  readonly fault: string

  /**
   * @param setting the variable, secret or binding
   * @param fault what is wrong with it, without its value
   * @param remedy the command that mends it
   */
  constructor(setting: string, fault: string, remedy: string) {
    super(`${setting} ${fault}. To mend it: ${remedy}`)
    this.fault = `${setting} ${fault}`
  }
}

/** The change or the command that mends a setting. */
const REMEDIES: Readonly<Record<string, string>> = {
  DB: 'npx wrangler d1 create keyseal, then put its id into [[d1_databases]] in wrangler.toml',
  MAX_QUANTITY: 'set [vars] MAX_QUANTITY = "1000" in wrangler.toml, then npx wrangler deploy',
  RATE_LIMITS: 'set [vars] RATE_LIMITS = "on" in wrangler.toml, then npx wrangler deploy',
  DELIVERIES:
    'declare [[queues.producers]] binding = "DELIVERIES" in wrangler.toml, then npx wrangler deploy',
  EMAIL: 'declare [[send_email]] name = "EMAIL" in wrangler.toml, then npx wrangler deploy',
  EMAIL_FROM: 'set [vars] EMAIL_FROM in wrangler.toml to an address of your domain, then npx wrangler deploy',
  DELIVERY_WEBHOOK_URL: 'npx wrangler secret put DELIVERY_WEBHOOK_URL',
  DELIVERY_WEBHOOK_SECRET:
    'npm run --silent keyseal -- webhook-secret | npx wrangler secret put DELIVERY_WEBHOOK_SECRET',
}

/** A `SettingError` with the remedy that is known for the setting. */
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

/** The same function, run once per isolate: the platform passes the same object to every request. */
export function oncePerIsolate<Result>(read: (settings: Settings) => Result): (settings: Settings) => Result {
  const results = new WeakMap<Settings, Result>()
  return (settings) => {
    const known = results.get(settings)
    if (known !== undefined) return known
    const result = read(settings)
    results.set(settings, result)
    return result
  }
}

/** Whether webhooks may go to local addresses, and without TLS. Never in production. */
export function isLocalDevelopment(settings: Settings): boolean {
  return settings.LOCAL_DEVELOPMENT === 'true'
}
