/** Checks of what the database contains. */
import { weakKeysWarning } from '../../keys/key-strength.ts'
import { rejectedKeyFault } from '../../payments/provider.ts'
import { isLocalDevelopment, type Settings } from '../../platform/settings.ts'
import { NEWEST_MIGRATION } from '../../service/migrations.ts'
import type { Warning, WarningName } from '../../service/warnings.ts'
import { type Check, error, ok, settingRemedy, warning } from './checks.ts'
import type { Facts } from './status-facts.ts'

export function checkMigrations(env: Settings, newest: string | null): Check {
  if (newest !== null && newest >= NEWEST_MIGRATION) return ok('migrations', `Applied up to ${newest}`)
  const remedy = isLocalDevelopment(env) ? 'npx wrangler d1 migrations apply DB --local' : 'npm run deploy'
  return error('migrations', `${NEWEST_MIGRATION} is not applied`, remedy)
}

const CRON_REMEDY =
  'npx wrangler tail (the log has the reason), or restore [triggers] in wrangler.toml, then npm run deploy'
const OVERDUE_REMEDY = 'npx wrangler tail (the log has the reason), npx wrangler queues list'

/** The message, in which `#` is the count, and what to do. */
const WARNING_TEXTS: Readonly<
  Record<WarningName, readonly [check: string, message: string, remedy: string]>
> = {
  'deliveries-overdue': ['queues', '# deliveries have been due for more than 10 minutes', OVERDUE_REMEDY],
  'events-overdue': ['queues', '# events have been due for more than 10 minutes', OVERDUE_REMEDY],
  'queued-orders-overdue': [
    'queues',
    '# queued orders have been due for more than 10 minutes',
    OVERDUE_REMEDY,
  ],
  'deliveries-failed': [
    'deliveries',
    '# deliveries failed within a day',
    'npm run keyseal -- deliveries list --status failed, then npm run keyseal -- deliveries retry --failed',
  ],
  'events-failed': [
    'events',
    '# events failed within a day',
    'npm run keyseal -- events list --outcome failed, then npm run keyseal -- events retry --failed',
  ],
  'minute-cron-late': [
    'cron',
    'The cron trigger of every minute has not succeeded for 20 minutes',
    CRON_REMEDY,
  ],
  'hourly-cron-late': ['cron', 'The hourly cron trigger has not succeeded for 2.5 hours', CRON_REMEDY],
  'nightly-cron-late': ['cron', 'The nightly cron trigger has not succeeded for 26 hours', CRON_REMEDY],
  'database-nearly-full': [
    'database',
    'The database is #% full',
    'see docs/monitoring.md, or set DATABASE_LIMIT_BYTES to the limit of your plan',
  ],
}

/** @param warnings as `GET /health/ready` lists them */
export function checkWarnings(warnings: readonly Warning[]): Check[] {
  const found = warnings.map(({ name, count }) => {
    const [check, message, remedy] = WARNING_TEXTS[name]
    return warning(check, message.replace('#', String(count)), remedy)
  })
  const names = new Set(found.map(({ name }) => name))
  const good = [
    ok('deliveries', 'No delivery failed within a day'),
    ok('events', 'No event failed within a day'),
    ok('cron', 'All cron triggers ran in time'),
    ok('database', 'The database has room'),
  ]
  return [...found, ...good.filter(({ name }) => !names.has(name))]
}

export function checkContents(env: Settings, facts: Facts): Check[] {
  const { productsWithDeadOffers: dead, productsWithoutGenerator: idle, bouncedEmails } = facts
  const weak = weakKeysWarning(facts.newestKeys)
  const products = (ids: readonly number[]) => `Product${ids.length === 1 ? '' : 's'} ${ids.join(', ')}`
  return [
    ...Object.entries(facts.failedLookUps).map(([setting, events]) =>
      error(
        'look-ups',
        `${events} events failed because ${rejectedKeyFault(setting as never)}`,
        `${settingRemedy(env, `npx wrangler secret put ${setting}`)}, then npm run keyseal -- events retry --failed`,
      ),
    ),
    ...(dead.length > 0
      ? [
          error(
            'offers',
            `${products(dead)} cannot be sold: not active, but with offers. Paid orders get no keys`,
            'npm run keyseal -- products enable <id>, or remove the offers: npm run keyseal -- offers remove <id>',
          ),
        ]
      : []),
    ...(idle.length > 0
      ? [
          warning(
            'generators',
            `${products(idle)} cannot be sold with generated keys: no generator is active`,
            'npm run keyseal -- generators add',
          ),
        ]
      : []),
    ...(bouncedEmails > 0
      ? [
          warning(
            'deliveries',
            `${bouncedEmails} e-mails bounced within a day`,
            'npm run keyseal -- deliveries list',
          ),
        ]
      : []),
    ...(weak === undefined
      ? []
      : [
          warning(
            'license keys',
            `Of the newest ${weak}`,
            'sell keys of a generator: npm run keyseal -- generators add; replace sold ones: npm run keyseal -- licenses reissue <key>',
          ),
        ]),
  ]
}
