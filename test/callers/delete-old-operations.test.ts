import { createScheduledController } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import worker from '../../src/index.ts'

const HOUR_MS = 3_600_000
const EVERY_MINUTE = '* * * * *'
const NIGHTLY = '17 3 * * *'
const HOURLY = '47 * * * *'

/** The last moment before which rows are deleted, as the job sees it. */
async function keptAfter(
  table: string,
  cron: string,
  retentionMs: number,
  crons = [EVERY_MINUTE],
): Promise<unknown[]> {
  const now = Date.now()
  const insert = env.DB.prepare(
    `insert into ${table} (source, endpoint, idempotency_key, fingerprint, nonce, outcome, created_at)
     select 'api:1', 'activate', printf('%064s', ?1 || value), printf('%064d', 0), 'n', '{"kind":"activated"}', ?2
     from json_each(?3)`,
  )
  const many = JSON.stringify(Array.from({ length: 2500 }, (_, index) => index))
  await insert.bind('old-', now - retentionMs - 1, many).run()
  await insert.bind('recent-', now - retentionMs + 60_000, '[1,2]').run()
  for (const expression of [...crons, cron]) {
    await worker.scheduled(createScheduledController({ cron: expression }), { ...env })
  }
  const { results } = await env.DB.prepare(`select idempotency_key as name from ${table} order by id`).all()
  return results.map(({ name }) => String(name).trim())
}

it('the nightly cleanup deletes all operations older than thirty days, in pieces', async () => {
  expect(await keptAfter('operations', NIGHTLY, 30 * 24 * HOUR_MS)).toEqual(['recent-1', 'recent-2'])
})

it('the hourly cleanup deletes all operations of software older than 24 hours, in pieces', async () => {
  expect(await keptAfter('use_operations', HOURLY, 24 * HOUR_MS)).toEqual(['recent-1', 'recent-2'])
})

it('the cleanup keeps operations that the statistics have not counted, and the newest', async () => {
  await env.DB.prepare('delete from statistics_positions').run()
  await env.DB.prepare('delete from use_operations').run()
  expect(await keptAfter('use_operations', HOURLY, 24 * HOUR_MS, [])).toHaveLength(2502)
  await env.DB.prepare('update use_operations set created_at = 0').run()
  for (const cron of [EVERY_MINUTE, HOURLY]) {
    await worker.scheduled(createScheduledController({ cron }), { ...env })
  }
  const { results } = await env.DB.prepare('select idempotency_key as name from use_operations').all()
  expect(results.map(({ name }) => String(name).trim())).toEqual(['recent-2'])
})
