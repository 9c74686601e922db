/** The warnings of `GET /health/ready`, and the nightly line about the database. */
import { createScheduledController } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it } from 'vitest'
import { abandonDelivery } from '../../src/deliveries/deliver.ts'
import worker from '../../src/index.ts'
import { abandonEvent } from '../../src/payments/waiting-events.ts'
import { growthOf } from '../../src/service/cron-runs.ts'
import { selectWarnings } from '../../src/service/warnings.ts'
import { readEnvelope, send } from '../support/client.ts'
import { addDelivery } from '../support/delivery.ts'
import { requestLines } from '../support/log.ts'
import { failWith, observe } from '../support/observed-database.ts'

describe('the warnings of GET /health/ready', () => {
  const HOUR = 3_600_000
  const warnings = async (bindings?: object) => {
    const { db, roundTrips } = observe(env.DB)
    const answer = await readEnvelope(
      await send({ path: '/health/ready', bindings: { DB: db, ...bindings } }),
    )
    expect(answer).toMatchObject({ status: 200, response: { code: 2201 } })
    expect(roundTrips).toHaveLength(1)
    return answer.response.warnings
  }
  const change = (sql: string, ...values: unknown[]) =>
    env.DB.prepare(sql)
      .bind(...values)
      .run()

  afterEach(async () => {
    await change('delete from deliveries')
    await change('delete from webhook_events')
    await change('delete from queued_orders')
    await change('delete from cron_runs')
    await change('update d1_migrations set applied_at = current_timestamp')
  })

  it('are omitted if there are none', async () => {
    await addDelivery({ dueAt: Date.now() - 9 * 60_000 })
    expect(await warnings()).toBeUndefined()
  })

  it('count overdue deliveries, events and queued orders', async () => {
    const dueAt = Date.now() - 11 * 60_000
    await addDelivery({ dueAt })
    await addDelivery({ dueAt })
    await addDelivery({ dueAt, status: 'delivered' })
    await addEvent('waiting', dueAt)
    await change(
      `insert into queued_orders (source, idempotency_key, nonce, product_id, quantity, owner_name, owner_email, origin,
         webhook_url, status, due_at, created_at, updated_at)
       select 'api:1', 'k', 'n', id, 1, 'n', 'e', 'fresh', 'u', 'issuing', ?, 0, 0 from products limit 1`,
      dueAt,
    )
    expect(await warnings()).toEqual([
      { name: 'deliveries-overdue', count: 2 },
      { name: 'events-overdue', count: 1 },
      { name: 'queued-orders-overdue', count: 1 },
    ])
  })

  it('count deliveries and events that failed within a day', async () => {
    const [recent, old] = [Date.now() - 23 * HOUR, Date.now() - 25 * HOUR]
    for (const updatedAt of [recent, old]) {
      await abandonDelivery(env, (await addDelivery()).id, updatedAt)
      await abandonEvent(env, await addEvent('waiting'), updatedAt)
      await addEvent('unmapped')
    }
    expect(await warnings()).toEqual([
      { name: 'deliveries-failed', count: 1 },
      { name: 'events-failed', count: 1 },
    ])
  })

  it('name cron triggers that have not succeeded lately, or never since the migration', async () => {
    await change(`update d1_migrations set applied_at = datetime('now', '-27 hours')`)
    const late = [
      { name: 'minute-cron-late', count: 1 },
      { name: 'hourly-cron-late', count: 1 },
      { name: 'nightly-cron-late', count: 1 },
    ]
    expect(await warnings()).toEqual(late)
    for (const cron of ['* * * * *', '47 * * * *', '17 3 * * *']) {
      await worker.scheduled(createScheduledController({ cron }), { ...env })
    }
    expect(await warnings()).toBeUndefined()
    await change('update cron_runs set ran_at = ran_at - ?', 25 * HOUR)
    expect(await warnings()).toEqual(late.slice(0, 2))
    await change('update cron_runs set ran_at = ran_at - ?', 2 * HOUR)
    expect(await warnings()).toEqual(late)
  })

  it('name a cron trigger whose jobs fail', async () => {
    await change(`update d1_migrations set applied_at = datetime('now', '-1 hours')`)
    const { db } = observe(env.DB, failWith('D1_ERROR: D1 DB is overloaded.'))
    await worker.scheduled(createScheduledController({ cron: '* * * * *' }), { ...env, DB: db })
    expect(await warnings()).toEqual([{ name: 'minute-cron-late', count: 1 }])
  })

  it('tell how full the database is, from 90 % of DATABASE_LIMIT_BYTES', async () => {
    const { meta } = await env.DB.prepare('select 1').run()
    const full = (percent: number) =>
      warnings({ DATABASE_LIMIT_BYTES: String(Math.ceil((meta.size_after * 100) / percent)) })
    expect(await full(89)).toBeUndefined()
    expect(await full(91)).toEqual([{ name: 'database-nearly-full', count: 90 }])
    expect(await full(200)).toEqual([{ name: 'database-nearly-full', count: 200 }])
  })

  it('use an index for each count', async () => {
    const { results } = await change(`explain query plan ${selectWarnings(0).statement.sql}`, 0, 0, 0, 0, 0)
    const steps = (results as { detail: string }[]).map(({ detail }) => detail)
    expect(steps.filter((step) => /SCAN (deliveries|webhook_events|queued_orders)/.test(step))).toEqual([])
    expect(steps.join('\n')).toContain('deliveries_failed')
  })
})

let events = 0

async function addEvent(outcome: string, dueAt: number | null = null): Promise<number> {
  const { meta } = await env.DB.prepare(
    `insert into webhook_events (provider, event_id, type, mode, received_at, outcome, due_at, updated_at)
     values ('stripe', ?, 't', 'live', 0, ?, ?, ?)`,
  )
    .bind(String(events++), outcome, dueAt, Date.now())
    .run()
  return meta.last_row_id
}

describe('the nightly line about the database', () => {
  it('says its size, its growth and the days left', async () => {
    const night = () => worker.scheduled(createScheduledController({ cron: '17 3 * * *' }), { ...env })
    await night()
    const [first] = requestLines()
    expect(first).toMatchObject({
      level: 'info',
      job: 'database size',
      limitBytes: 500_000_000,
      bytesPerDay: null,
      daysLeft: null,
    })
    await env.DB.prepare(
      `update cron_runs set ran_at = ran_at - 86400000, database_bytes = database_bytes - 4096 where cron = '17 3 * * *'`,
    ).run()
    await night()
    const line = requestLines().at(-1)
    expect(line?.bytesPerDay).toBeGreaterThan(0)
    expect(line?.daysLeft).toBe(
      Math.floor((500_000_000 - Number(line?.databaseBytes)) / Number(line?.bytesPerDay)),
    )
  })

  it.each([
    [undefined, { at: 1, bytes: 1 }, { bytesPerDay: null, daysLeft: null }],
    [
      { at: 0, bytes: 100 },
      { at: 86_400_000, bytes: 100 },
      { bytesPerDay: 0, daysLeft: null },
    ],
    // A local service measures at each start.
    [
      { at: 0, bytes: 100 },
      { at: 60_000, bytes: 200 },
      { bytesPerDay: null, daysLeft: null },
    ],
    [
      { at: 0, bytes: 100 },
      { at: 2 * 86_400_000, bytes: 200 },
      { bytesPerDay: 50, daysLeft: 16 },
    ],
    [
      { at: 0, bytes: 100 },
      { at: 86_400_000, bytes: 2_000 },
      { bytesPerDay: 1_900, daysLeft: 0 },
    ],
  ])('computes the growth from %o to %o', (before, after, growth) => {
    expect(growthOf(before, after, 1_000)).toEqual(growth)
  })
})
