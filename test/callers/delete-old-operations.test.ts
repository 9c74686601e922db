import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { deleteOldOperations } from '../../src/callers/operation.ts'

const DAY_MS = 86_400_000

it('the cleanup deletes all operations older than thirty days', async () => {
  const now = Date.now()
  const insert = env.DB.prepare(
    `insert into operations (source, endpoint, idempotency_key, fingerprint, nonce, outcome, created_at)
     select 'api:1', 'activate', ?1 || value, printf('%064d', 0), 'n', '{"kind":"activated"}', ?2 from json_each(?3)`,
  )
  const many = JSON.stringify(Array.from({ length: 2500 }, (_, index) => index))
  await insert.bind('old-', now - 30 * DAY_MS - 1, many).run()
  await insert.bind('recent-', now - 30 * DAY_MS, '[1,2]').run()
  await deleteOldOperations(env.DB, now)
  const { results } = await env.DB.prepare('select idempotency_key from operations order by id').all()
  expect(results).toEqual([{ idempotency_key: 'recent-1' }, { idempotency_key: 'recent-2' }])
})
