import { env } from 'cloudflare:workers'
import { beforeAll, expect, it } from 'vitest'
import { deleteOldAudit } from '../../../src/admin/people/audit-retention.ts'
import { asOperator } from '../../support/admin.ts'
import { only, run } from '../../support/people.ts'

const DAY = 86_400_000
const START = Date.UTC(2026, 10, 1)
const KEY = '6f1f9a52-6c7a-4a0e-a5a2-1f1f6a0f1f1f'

const STATE = {
  status: 'assigned',
  activation_limit: 3,
  owner_name: 'Ada Lovelace',
  owner_email: 'ada@example.com',
  license_key: KEY,
  metadata: { company: 'ACME' },
  devices: [{ identifier: 'laptop' }],
  note: 'ask ada@example.com',
}

async function add(at: number, changes: Record<string, string | null> = {}): Promise<void> {
  const { actor = 'operator:7', action = 'licenses.block', subject = 'license:1', reason = null } = changes
  await run(
    `insert into audit_entries (at, actor, action, subject, reason, before, after, nonce)
     values (?, ?, ?, ?, ?, null, ?, 'n')`,
    at,
    actor,
    action,
    subject,
    reason,
    JSON.stringify(STATE),
  )
}

beforeAll(async () => {
  await add(START, { reason: 'Ada asked' })
  await add(START + DAY, { subject: 'license:2' })
  await add(START + 2 * DAY, { actor: 'api:3', action: 'update-license-key' })
})

const daysOf = (items: { at: string }[]) => items.map(({ at }) => at.slice(8, 10))

it('lists the newest entries first, and pages without repeating any', async () => {
  const viewer = await asOperator('viewer')
  const first = await viewer.get('/audit?limit=2')
  expect(daysOf(first.body.items)).toEqual(['03', '02'])
  const second = await viewer.get(`/audit?limit=2&cursor=${first.body.next_cursor}`)
  expect(daysOf(second.body.items)).toEqual(['01'])
  expect(second.body.next_cursor).toBeNull()
})

it.each([
  ['actor=api:3', ['03']],
  ['action=licenses.block', ['02', '01']],
  ['subject=license:1', ['03', '01']],
  ['subject=license:1&actor=operator:7', ['01']],
  ['from=2026-11-02', ['03', '02']],
  ['from=2026-11-02&before=2026-11-03', ['02']],
  ['before=2026-11-01', []],
])('filters by %s', async (query, days) => {
  const answer = await (await asOperator('viewer')).get(`/audit?${query}`)
  expect(daysOf(answer.body.items)).toEqual(days)
})

it('shows owners the whole entry', async () => {
  const { body } = await (await asOperator('owner')).get('/audit?before=2026-11-02')
  expect(body.items).toEqual([
    {
      id: 1,
      at: '2026-11-01T00:00:00.000Z',
      actor: 'operator:7',
      action: 'licenses.block',
      subject: 'license:1',
      reason: 'Ada asked',
      before: null,
      after: STATE,
    },
  ])
})

it('hides owners, addresses, keys and metadata from viewers', async () => {
  const { body } = await (await asOperator('viewer')).get('/audit?before=2026-11-02')
  expect(body.items).toMatchObject([{ action: 'licenses.block', reason: null }])
  expect(body.items[0].after).toEqual({
    status: 'assigned',
    activation_limit: 3,
    owner_name: '…',
    owner_email: '…',
    license_key: '6f1f…',
    metadata: '…',
    devices: [{ identifier: 'laptop' }],
    note: 'ask …',
  })
})

it('exports 1,000 entries in a page, and goes on after 10,000 that do not match', async () => {
  await run(
    `with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 10500)
     insert into audit_entries (at, actor, action, nonce) select ?, 'api:9', 'activate', 'n' from numbers`,
    START + 3 * DAY,
  )
  const owner = await asOperator('owner')
  const page = await owner.get('/audit?limit=1000')
  expect(page.body.items).toHaveLength(1000)
  const empty = await owner.get('/audit?action=licenses.block')
  expect(empty.body).toMatchObject({ items: [], next_cursor: expect.any(String) })
  const found = await owner.get(`/audit?action=licenses.block&cursor=${empty.body.next_cursor}`)
  expect(daysOf(found.body.items)).toEqual(['02', '01'])
})

it('deletes entries that are older than AUDIT_DAYS, in pieces', async () => {
  await deleteOldAudit({ ...env, AUDIT_DAYS: '30' }, START + 33 * DAY + 1)
  expect(await only('select count(*) from audit_entries')).toBe(0)
  await add(START)
  await deleteOldAudit({ ...env, AUDIT_DAYS: '30' }, START + 30 * DAY)
  expect(await only('select count(*) from audit_entries')).toBe(1)
})

it.each(['29', '3651', '365 days', ''])('refuses the setting AUDIT_DAYS = "%s"', async (AUDIT_DAYS) => {
  await expect(deleteOldAudit({ ...env, AUDIT_DAYS }, START)).rejects.toThrow('AUDIT_DAYS')
})
