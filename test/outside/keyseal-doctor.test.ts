/** `keyseal doctor` finds overdue work and missing migrations in the database. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { removeClone } from './support/clone.ts'
import { type CommandLine, newShop } from './support/keyseal.ts'
import { query, writeDevVars } from './support/local-database.ts'

const MINUTE_MS = 60_000
const NO_SERVICE = ['--url', 'http://127.0.0.1:1']

let shop: CommandLine

beforeAll(() => {
  shop = newShop()
})
afterAll(() => removeClone(shop.folder))

/** For each kind: one that is overdue, one that is not due yet, and one that is done. */
function addWork(dueAt: number, laterAt: number): void {
  const deliveries = [
    ['pending', dueAt],
    ['pending', laterAt],
    ['delivered', dueAt],
  ].map(([status, due]) => `(null, 'callback', '${status}', ${due}, 0, 0)`)
  const events = [
    ['waiting', dueAt],
    ['waiting', laterAt],
    ['issued', dueAt],
  ].map(([outcome, due], id) => `('stripe', 'evt_${id}', 'x', 'live', 0, '${outcome}', ${due})`)
  const orders = [
    ['issuing', null, dueAt],
    ['releasing', 'stock-insufficient', laterAt],
    ['refused', 'stock-insufficient', dueAt],
  ].map(
    ([status, refusal, due], id) =>
      `('cli', 'order-${id}', 'n', 1, 1, 'Ada', 'ada@example.com', 'fresh', 'https://shop.example',
        '${status}', ${refusal && `'${refusal}'`}, ${due}, 0, 0)`,
  )
  query(
    shop.folder,
    `delete from deliveries; delete from webhook_events; delete from queued_orders;
     insert into deliveries (issuance_id, channel, status, due_at, created_at, updated_at) values ${deliveries};
     insert into webhook_events (provider, event_id, type, mode, received_at, outcome, due_at) values ${events};
     insert into queued_orders (source, idempotency_key, nonce, product_id, quantity, owner_name, owner_email, origin,
       webhook_url, status, refusal, due_at, created_at, updated_at) values ${orders}`,
  )
}

const findings = () => shop.runJson<{ check: string }[]>('doctor', ...NO_SERVICE)
const queueFinding = () => findings().find(({ check }) => check === 'queue')

it('keyseal doctor counts overdue deliveries, events and queued orders, and names the fix', () => {
  addWork(Date.now() - 11 * MINUTE_MS, Date.now() - 9 * MINUTE_MS)
  expect(queueFinding()).toEqual({
    check: 'queue',
    status: 'wrong',
    finding: '3 have been due for more than 10 minutes',
    remedy: 'npm start (it processes them while it runs)',
  })
})

it('keyseal doctor accepts work that became due a moment ago or is done', () => {
  addWork(Date.now() - 9 * MINUTE_MS, Date.now() + MINUTE_MS)
  expect(queueFinding()).toEqual({
    check: 'queue',
    status: 'good',
    finding: 'nothing has been due for more than 10 minutes',
  })
})

it('keyseal doctor names an API key with which look-ups failed', () => {
  const note = 'the look-up returned HTTP 401: STRIPE_API_KEY is wrong, expired or lacks a permission'
  const row = (id: string, receivedAt: number, payload: string) =>
    `('stripe', '${id}', 'x', 'live', ${receivedAt}, 'failed', '${note}', ${payload})`
  const [now, longAgo] = [Date.now(), Date.now() - 8 * 24 * 60 * MINUTE_MS]
  query(
    shop.folder,
    `insert into webhook_events (provider, event_id, type, mode, received_at, outcome, note, payload)
       values ${row('new', now, `'{}'`)}, ${row('old', longAgo, `'{}'`)}`,
  )
  expect(findings().find(({ check }) => check === 'look-ups')).toEqual({
    check: 'look-ups',
    status: 'wrong',
    finding: '1 events failed because STRIPE_API_KEY is wrong, expired or lacks a permission',
    remedy:
      'correct STRIPE_API_KEY in .dev.vars, restart npm start, then npm run keyseal -- events retry --failed',
  })
  query(shop.folder, `update webhook_events set outcome = 'issued' where event_id = 'new'`)
  expect(findings().find(({ check }) => check === 'look-ups')).toBeUndefined()
})

it('keyseal doctor warns of license keys that can be guessed, and does not fail because of them', () => {
  const weak = () => findings().find(({ check }) => check === 'license keys')
  expect(weak()).toBeUndefined()
  const add = `insert into license_keys (product_id, license_key, status, activation_limit, validity_days, created_at, updated_at)
    select 1, 'KEY-' || value, 'available', 1, 0, 0, 0 from json_each('[1,2,3]')`
  const { strong } =
    query<{ strong: number }>(shop.folder, 'select count(*) as strong from license_keys')[0] ?? {}
  query(shop.folder, add)
  expect(weak()).toEqual({
    check: 'license keys',
    status: 'warning',
    finding: expect.stringMatching(
      new RegExp(
        `^of the newest 3 of ${Number(strong) + 3} license keys have less than 64 bits .* could find one`,
      ),
    ),
    remedy: expect.stringContaining('npm run keyseal -- generators add'),
  })
  query(shop.folder, `delete from license_keys where license_key like 'KEY-%'`)
})

it('keyseal doctor names a webhook secret that is too short', () => {
  writeDevVars(shop.folder, { STRIPE_WEBHOOK_SECRET: 'whsec_too_short' })
  expect(findings().filter(({ check }) => check === 'settings')).toEqual([
    {
      check: 'settings',
      status: 'wrong',
      finding: '.dev.vars: STRIPE_WEBHOOK_SECRET has less than 16 characters',
      remedy: 'correct it in .dev.vars, then npm start',
    },
  ])
})

it('keyseal doctor names a missing migration even if its table is missing', () => {
  const [newest] = query<{ name: string }>(shop.folder, 'select max(name) as name from d1_migrations')
  query(
    shop.folder,
    `delete from d1_migrations where name = '${newest?.name}'; alter table queued_orders rename to others`,
  )
  const found = findings()
  expect(found).toContainEqual({
    check: 'migrations',
    status: 'wrong',
    finding: `not applied: ${newest?.name}`,
    remedy: 'npx wrangler d1 migrations apply DB --local',
  })
  expect(found).toContainEqual(expect.objectContaining({ check: 'queue', status: 'not checked' }))
})
