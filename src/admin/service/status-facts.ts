/** What `GET /admin/v1/status` reads from the database, in one query of a bounded number of rows. */
import { operatorAuthority } from '../../callers/operators.ts'
import { type CallerQuery, defineQuery } from '../../callers/query.ts'
import { LOOK_UP_SETTINGS, rejectedKeyFault } from '../../payments/provider.ts'
import { DAY_MILLISECONDS } from '../../protocol/dates.ts'
import { NEWEST_IDS } from '../../service/cron-runs.ts'
import { NEWEST_APPLIED } from '../../service/migrations.ts'
import { WARNINGS, warningValues } from '../../service/warnings.ts'
import { COUNTED_UNTIL } from '../../statistics/count.ts'

export const STATUS_RIGHTS = { role: 'viewer' } as const

/** As many keys as are read quickly from a large database. */
const NEWEST_KEYS = 1_000
const LOOK_UP_DAYS = 7
/** Higher numbers are not counted further. */
const COUNT_MAX = 1_000
/** The most names in a message. */
const NAMES_MAX = 20

export interface CronRun {
  readonly cron: string
  readonly ranAt: number
  readonly databaseBytes: number | null
}

export interface Facts {
  readonly kind: 'found'
  readonly newestMigration: string | null
  /** By name, as in `warningsOf`. */
  readonly warnings: Readonly<Record<string, number>>
  readonly cron: readonly CronRun[]
  readonly newestIds: Readonly<Record<string, number>>
  readonly countedUntil: number
  readonly providersWithOffers: readonly string[]
  /** The ids of products that are not active, and have offers that sell. */
  readonly productsWithDeadOffers: readonly number[]
  /** The ids of active products that have generators, and none that is active. */
  readonly productsWithoutGenerator: readonly number[]
  /** 1: some orders have a webhook of their product. */
  readonly hasProductWebhooks: 0 | 1
  /** At most 1,000 of each are counted. */
  readonly queues: {
    readonly waiting_deliveries: number
    readonly waiting_events: number
    readonly queued_orders: number
    readonly failed_deliveries: number
    readonly failed_events: number
  }
  readonly bouncedEmails: number
  /** By the setting of the API key that the provider rejected. */
  readonly failedLookUps: Readonly<Record<string, number>>
  readonly newestKeys: readonly string[]
}

function count(from: string): string {
  return `(select count(*) from (select 1 from ${from} limit ${COUNT_MAX}))`
}

function list(rows: string): string {
  return `(select json_group_array(item) from (${rows} limit ${NAMES_MAX}))`
}

const FAILED_LOOK_UPS = `(select json_group_object(setting, events) from (
  select faults.value ->> 0 as setting, count(*) as events from (
    select note from webhook_events where outcome = 'failed' and updated_at > :lookUpsSince limit ${COUNT_MAX}) as failed
  cross join json_each(:lookUpFaults) as faults on instr(failed.note, faults.value ->> 1) > 0
  group by setting))`

const FACTS = `json_object('kind', 'found', 'newestMigration', ${NEWEST_APPLIED},
  'warnings', json_object(${Object.entries(WARNINGS).map(([name, sql]) => `'${name}', ${sql}`)}),
  'cron', (select json_group_array(json_object('cron', cron, 'ranAt', ran_at, 'databaseBytes', database_bytes))
    from cron_runs),
  'newestIds', json(${NEWEST_IDS}), 'countedUntil', ${COUNTED_UNTIL},
  'providersWithOffers', json(${list('select distinct provider as item from offers where removed_at is null')}),
  'productsWithDeadOffers', json(${list(`select distinct products.id as item from offers
    cross join products on products.id = offers.product_id
    where offers.removed_at is null and products.status <> 'active'`)}),
  'productsWithoutGenerator', json(${list(`select distinct products.id as item from generators
    cross join products on products.id = generators.product_id
    where generators.status = 0 and products.status = 'active' and not exists (select 1 from generators as active
      where active.product_id = products.id and active.status = 1)`)}),
  'hasProductWebhooks', exists (select 1 from products where delivery_webhook_url is not null and status = 'active'),
  'queues', json_object(
    'waiting_deliveries', ${count(`deliveries where status = 'pending'`)},
    'waiting_events', ${count(`webhook_events where outcome = 'waiting'`)},
    'queued_orders', ${count(`queued_orders where status in ('issuing', 'releasing')`)},
    'failed_deliveries', ${count(`deliveries where status = 'failed'`)},
    'failed_events', ${count(`webhook_events where outcome = 'failed'`)}),
  'bouncedEmails', ${count('deliveries where bounced_at > :dayAgo')},
  'failedLookUps', json(${FAILED_LOOK_UPS}),
  'newestKeys', (select json_group_array(license_key) from (
    select license_key from license_keys order by id desc limit ${NEWEST_KEYS})))`

export const selectFacts: CallerQuery<Facts> = defineQuery(operatorAuthority(STATUS_RIGHTS), FACTS)

/** For a database that is not migrated. */
export const selectCaller: CallerQuery<{ readonly kind: 'unmigrated' }> = defineQuery(
  operatorAuthority(STATUS_RIGHTS),
  `json_object('kind', 'unmigrated')`,
)

export function factValues(now: number) {
  return {
    ...warningValues(now),
    lookUpsSince: now - LOOK_UP_DAYS * DAY_MILLISECONDS,
    lookUpFaults: JSON.stringify(LOOK_UP_SETTINGS.map((setting) => [setting, rejectedKeyFault(setting)])),
  }
}
