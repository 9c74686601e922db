/** What an operator should look at, although the service works. `GET /health/ready` lists it. */
import { type BoundStatement, bind, compileText } from '../db/batch.ts'
import { DAY_MILLISECONDS } from '../protocol/dates.ts'
import { EVERY_MINUTE, HOURLY, NIGHTLY } from './schedules.ts'

/** Monitors may compare the name, so it stays. It names no row. */
export interface Warning {
  readonly name: WarningName
  /** The number of rows, at most 1,000; 1 for a late cron trigger; for a full database, the used percent. */
  readonly count: number
}

const COUNT_MAX = 1_000
/** The sweep wakes rows that are due for a minute, and each attempt postpones its row. */
const OVERDUE_MS = 10 * 60_000
/** Cloudflare needs up to 15 minutes to start a new trigger. */
const MINUTE_CRON_LATE_MS = 20 * 60_000
const HOURLY_CRON_LATE_MS = 2.5 * 3_600_000
const NIGHTLY_CRON_LATE_MS = 26 * 3_600_000
const NEARLY_FULL_PERCENT = 90

function countRows(from: string): string {
  return `(select count(*) from (select 1 from ${from} limit ${COUNT_MAX}))`
}

/** A trigger that never ran counts from the creation of the database. */
function isLate(cron: string, since: string): string {
  return `(coalesce((select ran_at from cron_runs where cron = '${cron}'),
    (select 1000 * unixepoch(min(applied_at)) from d1_migrations)) < ${since})`
}

/** SQL for the count of each warning. Placeholders: those of `warningValues`. */
export const WARNINGS = {
  'deliveries-overdue': countRows(`deliveries where status = 'pending' and due_at <= :overdue`),
  'events-overdue': countRows(`webhook_events where outcome = 'waiting' and due_at <= :overdue`),
  'queued-orders-overdue': countRows(
    `queued_orders where status in ('issuing', 'releasing') and due_at <= :overdue`,
  ),
  'deliveries-failed': countRows(`deliveries where status = 'failed' and updated_at > :dayAgo`),
  'events-failed': countRows(`webhook_events where outcome = 'failed' and updated_at > :dayAgo`),
  'minute-cron-late': isLate(EVERY_MINUTE, ':minuteCronLate'),
  'hourly-cron-late': isLate(HOURLY, ':hourlyCronLate'),
  'nightly-cron-late': isLate(NIGHTLY, ':nightlyCronLate'),
} as const

export type WarningName = keyof typeof WARNINGS | 'database-nearly-full'

const select = compileText<Readonly<Record<string, number>>>(`
  select ${Object.entries(WARNINGS)
    .map(([name, count]) => `${count} as "${name}"`)
    .join(', ')}`)

/** @param now milliseconds UTC */
export function warningValues(now: number) {
  return {
    overdue: now - OVERDUE_MS,
    dayAgo: now - DAY_MILLISECONDS,
    minuteCronLate: now - MINUTE_CRON_LATE_MS,
    hourlyCronLate: now - HOURLY_CRON_LATE_MS,
    nightlyCronLate: now - NIGHTLY_CRON_LATE_MS,
  }
}

/** @param now milliseconds UTC */
export function selectWarnings(now: number): BoundStatement<Readonly<Record<string, number>>> {
  return bind(select, warningValues(now))
}

/** @param counts the row of `selectWarnings` */
export function warningsOf(
  counts: Readonly<Record<string, number>>,
  databaseBytes: number,
  limitBytes: number,
): Warning[] {
  const percent = Math.floor((databaseBytes / limitBytes) * 100)
  const full = percent >= NEARLY_FULL_PERCENT ? { 'database-nearly-full': percent } : {}
  return Object.entries({ ...counts, ...full })
    .filter(([, count]) => count > 0)
    .map(([name, count]) => ({ name: name as WarningName, count }))
}
