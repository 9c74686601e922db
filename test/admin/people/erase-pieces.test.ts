/** Erasures that are cut off after each of their batches, and erasures of people with more than fits in one batch. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { continueErasures } from '../../../src/admin/people/erasure.ts'
import { asOperator } from '../../support/admin.ts'
import { only, order, run, tablesWith } from '../../support/people.ts'
import { databaseFailingAfter, databaseFailingAt } from '../../support/queued-order.ts'
import { openShop, type Shop } from '../../support/shop.ts'

const NOW = Date.UTC(2026, 10, 28)
const ORDERS = 1_200
const OWN_KEYS = 1_500
const EVENTS = 4_500
const ENTRIES = 120

/** `numbers` has the numbers from 1 to `?1`. */
const NUMBERS = `with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ?1)`

/** A person with more orders, license keys, events and audit entries than one piece erases. */
async function addPerson({ productId }: Shop, email: string): Promise<void> {
  await run(
    `${NUMBERS} insert into issuances (source, idempotency_key, nonce, product_id, quantity, owner_name, owner_email,
       validity_days, activation_limit, created_at)
     select 'bulk', replace(?2, '@', '-') || n, 'n', ?3, 1, 'Ada Lovelace', ?2, 0, 0, ?4 from numbers`,
    ORDERS,
    email,
    productId,
    NOW,
  )
  await run(
    `insert into license_keys (product_id, issuance_id, license_key, status, activation_limit, validity_days,
       owner_name, owner_email, assigned_at, created_at, updated_at)
     select product_id, id, lower(hex(randomblob(16))), 'assigned', 0, 0, owner_name, owner_email, ?2, ?2, ?2
     from issuances where owner_email = ?1`,
    email,
    NOW,
  )
  await run(
    `${NUMBERS} insert into license_keys (product_id, license_key, status, activation_limit, validity_days,
       owner_name, owner_email, assigned_at, created_at, updated_at)
     select ?3, lower(hex(randomblob(16))), 'assigned', 0, 0, 'Ada L.', ?2, ?4, ?4, ?4 from numbers`,
    OWN_KEYS,
    email,
    productId,
    NOW,
  )
  await run(
    `insert into license_key_metadata (license_key_id, key, value)
     select id, 'contact', 'mail to ' || owner_email from license_keys where owner_email = ?1 and id % 7 = 0`,
    email,
  )
  await run(
    `${NUMBERS} insert into webhook_events (provider, event_id, type, mode, received_at, outcome, payload)
     select 'stripe', replace(?2, '@', '-') || n, 't', 'live', ?3, 'ignored',
       iif(n % 900 = 0, '{"email":"' || ?2 || '"}', '{"email":"grace@example.com"}') from numbers`,
    EVENTS,
    email,
    NOW,
  )
  await run(
    `${NUMBERS} insert into audit_entries (at, actor, action, before, nonce)
     select ?3, 'operator:1', 'licenses.update', '{"owner_name":"Ada L.","owner_email":"' || ?2 || '"}', 'n' from numbers`,
    ENTRIES,
    email,
    NOW,
  )
}

/** Places an order in the person's name before the erasure, to repeat it while the erasure is cut off. */
async function prepare(name: string) {
  const shop = await openShop()
  const email = `${name}@example.com`
  await addPerson(shop, email)
  const place = () => order(shop, 'first', { owner_email: email })
  await place()
  return { email, place, owner: await asOperator('owner') }
}

describe.each([1, 2, 3, 4, 5])('an erasure that is cut off after %i batches', (batches) => {
  it('does not bring the person back, and the cron finishes it', async () => {
    const { email, place, owner } = await prepare(`cut-${batches}`)
    const bindings = { DB: databaseFailingAfter(batches) }
    expect((await owner.post('/people/erase', { email }, { bindings })).status).toBeGreaterThanOrEqual(500)
    expect(await only('select count(*) from issuances where owner_email = ?', email)).toBe(0)
    const repeated = await place()
    expect(repeated.headers.get('Idempotent-Replayed')).toBe('true')
    expect(repeated.response.license_keys[0]).toMatchObject({ owner_name: 'Erased' })
    expect(await tablesWith(email)).toContain('erasures')

    await continueErasures(env, NOW)
    expect(await tablesWith(email, 'Ada L')).toEqual([])
  })
})

describe.each([1, 2, 3, 4, 5])('an erasure whose batch %i was committed without an answer', (batch) => {
  it('is finished by the same request, sent again', async () => {
    const { email, owner } = await prepare(`lost-${batch}`)
    const message = 'D1_ERROR: no such column: x: SQLITE_ERROR'
    const bindings = { DB: databaseFailingAt(batch, 'after', message) }
    const headers = { 'Idempotency-Key': `lost-${batch}` }
    expect((await owner.post('/people/erase', { email }, { bindings, headers })).status).toBe(500)
    const answer = await owner.post('/people/erase', { email }, { headers })
    expect(answer).toMatchObject({ status: 200, body: { is_complete: true, orders: ORDERS + 1 } })
    expect(await tablesWith(email, 'Ada L')).toEqual([])
  })
})

it('two erasures at the same time share the work', async () => {
  const { email, owner } = await prepare('race')
  const answers = await Promise.all([1, 2].map(() => owner.post('/people/erase', { email })))
  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  expect(await tablesWith(email, 'Ada L')).toEqual([])
  expect(await only('select count(*) from erasures where email is not null')).toBe(0)
})

it('a request answers 202 if more is left than it can erase', async () => {
  const { email, owner } = await prepare('long')
  await run(
    `${NUMBERS} insert into audit_entries (at, actor, action, reason, nonce)
     select ?3, 'operator:1', 'licenses.block', 'asked by ' || ?2, 'n' from numbers`,
    1_500,
    email,
    NOW,
  )
  const answer = await owner.post('/people/erase', { email })
  expect(answer).toMatchObject({ status: 202, body: { is_complete: false } })
  expect((await owner.post('/people/erase', { email })).body).toMatchObject({ is_complete: true })
  expect(await tablesWith(email, 'Ada L')).toEqual([])
})

it('long texts are erased without exceeding the limits of D1', async () => {
  const { email, owner } = await prepare('texts')
  const after = JSON.stringify({ owner_email: email, metadata: { notes: 'Ada L. '.repeat(14_000) } })
  for (let entry = 0; entry < 40; entry++) {
    await run(
      `insert into audit_entries (at, actor, action, after, nonce) values (?, 'operator:1', 'a', ?, 'n')`,
      NOW,
      after,
    )
  }
  expect((await owner.post('/people/erase', { email })).body).toMatchObject({ is_complete: true })
  expect(await tablesWith(email, 'Ada L')).toEqual([])
})
