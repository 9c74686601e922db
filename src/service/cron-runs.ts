/**
 * Remembers when each cron trigger last succeeded. The nightly one also measures the database and logs one line about its
 * size, so that an operator knows in time when it will be full.
 */
import * as z from 'zod/mini'
import { bind, compileText, runBatch, runMeasuredBatch } from '../db/batch.ts'
import { logJob } from '../platform/log.ts'
import { type Bindings, checkSettings, numberSetting, oncePerIsolate } from '../platform/settings.ts'
import { DAY_MILLISECONDS } from '../protocol/dates.ts'
import { NIGHTLY } from './schedules.ts'

/** The limit of a database on Cloudflare's free plan. */
const LIMIT_BYTES_DEFAULT = 500_000_000

const settings = z.object({
  DATABASE_LIMIT_BYTES: numberSetting(
    /^[1-9]\d{0,14}$/,
    'is not a whole number of bytes, at least 1',
    LIMIT_BYTES_DEFAULT,
  ),
})

/** The size at which D1 refuses writes. A Worker cannot ask for its plan. */
export const databaseLimitBytes = oncePerIsolate(
  (bindings) => checkSettings(settings, bindings).DATABASE_LIMIT_BYTES,
)

/** A row is written at most once in five minutes. */
const record = compileText(`
  insert into cron_runs (cron, ran_at, database_bytes) values (:cron, :now, :databaseBytes)
  on conflict (cron) do update set ran_at = excluded.ran_at, database_bytes = excluded.database_bytes
  where cron_runs.ran_at <= excluded.ran_at - 300000`)

/** @param now when all jobs of the trigger succeeded, in milliseconds UTC */
export async function recordRun({ DB }: Bindings, cron: string, now: number): Promise<void> {
  await runBatch(DB, [bind(record, { cron, now, databaseBytes: null })])
}

export interface Measured {
  readonly at: number
  readonly bytes: number
}

const selectMeasured = compileText<Measured>(`
  select ran_at as at, database_bytes as bytes from cron_runs where cron = :cron and database_bytes is not null`)

/** SQL: the highest ids as JSON. About as many rows as were ever written, without reading them. */
export const NEWEST_IDS = `json_object(
  'issuances', (select coalesce(max(id), 0) from issuances),
  'licenseKeys', (select coalesce(max(id), 0) from license_keys),
  'activations', (select coalesce(max(id), 0) from activations),
  'webhookEvents', (select coalesce(max(id), 0) from webhook_events),
  'deliveries', (select coalesce(max(id), 0) from deliveries))`

const selectNewestIds = compileText<{ readonly ids: string }>(`select ${NEWEST_IDS} as ids`)

/** Like `recordRun` for the nightly trigger. It also logs the size of the database, its growth and the days left. */
export async function recordNight(env: Bindings, now: number): Promise<void> {
  const {
    rows: [[before], [newest]],
    databaseBytes,
  } = await runMeasuredBatch(env.DB, [bind(selectMeasured, { cron: NIGHTLY }), bind(selectNewestIds, {})])
  const limitBytes = databaseLimitBytes(env)
  const growth = growthOf(before, { at: now, bytes: databaseBytes }, limitBytes)
  logJob('database size', {
    databaseBytes,
    limitBytes,
    ...growth,
    newestIds: JSON.parse(newest?.ids ?? '{}'),
  })
  await runBatch(env.DB, [bind(record, { cron: NIGHTLY, now, databaseBytes })])
}

/** @returns nulls if it is not known or measured over less than half a day; no days left also without growth */
export function growthOf(
  before: Measured | undefined,
  after: Measured,
  limitBytes: number,
): { readonly bytesPerDay: number | null; readonly daysLeft: number | null } {
  if (!before || after.at - before.at < DAY_MILLISECONDS / 2) return { bytesPerDay: null, daysLeft: null }
  const bytesPerDay = Math.round(((after.bytes - before.bytes) / (after.at - before.at)) * DAY_MILLISECONDS)
  const daysLeft = bytesPerDay > 0 ? Math.max(0, Math.floor((limitBytes - after.bytes) / bytesPerDay)) : null
  return { bytesPerDay, daysLeft }
}
