/** A setting without which a request can not be served. Its text goes to the log, never to the caller. */
export class SettingError extends Error {
  override name = 'SettingError'
  /** The setting and what is wrong with it, for those who know a remedy of their own. */
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

/** The command, or the change and the command, that mends a setting, wherever its fault is found. */
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

/** @returns an error whose remedy is the one that is known here; parameters as of `SettingError` */
export function settingError(setting: string, fault: string): SettingError {
  return new SettingError(setting, fault, REMEDIES[setting] ?? 'see docs/settings.md')
}
