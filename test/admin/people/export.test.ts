import { expect, it } from 'vitest'
import { standardSamples as samples } from '../../../scripts/webhook-samples/standard.ts'
import { asOperator, type Operator } from '../../support/admin.ts'
import { post } from '../../support/client.ts'
import { addMetadata } from '../../support/key-life.ts'
import { order, run } from '../../support/people.ts'
import { deliver } from '../../support/provider-webhook.ts'
import { QUEUED_PATH, queuedOrderFields } from '../../support/queued-order.ts'
import { addOffer } from '../../support/sales.ts'
import { openShop, type Shop } from '../../support/shop.ts'

const NOW = Date.UTC(2026, 10, 28)
const EMAILS = { EMAIL: { send: async () => ({ messageId: '1' }) }, EMAIL_FROM: 'keys@example.com' }

type Exported = Record<string, Record<string, unknown>[]>

/** All pages. */
async function exportOf(owner: Operator, email: string, limit = 50): Promise<Exported & { pages: number }> {
  const exported: Exported = {}
  let cursor: string | null = ''
  let pages = 0
  for (; cursor !== null; pages++) {
    const after: string = cursor === '' ? '' : `&cursor=${cursor}`
    const { status, body } = await owner.get(
      `/people?email=${encodeURIComponent(email)}&limit=${limit}${after}`,
    )
    expect(status).toBe(200)
    const { email: told, next_cursor, ...sections } = body
    expect(told).toBe(email)
    for (const [name, items] of Object.entries(sections)) {
      exported[name] = [...(exported[name] ?? []), ...(items as Record<string, unknown>[])]
    }
    cursor = next_cursor
  }
  return Object.assign(exported, { pages }) as Exported & { pages: number }
}

async function activated(shop: Shop, email: string) {
  const { response } = await order(shop, undefined, { owner_email: email, quantity: '1' })
  const { license_key: licenseKey, id } = response.license_keys[0]
  await post(
    { api_key: shop.apiKey, license_key: licenseKey, identifier: 'laptop' },
    { path: '/api/v1/activate' },
  )
  await addMetadata({ id, licenseKey }, 'company', 'ACME')
  return { id, licenseKey }
}

it('exports everything that is stored about an address, in either case', async () => {
  const shop = await openShop()
  const owner = await asOperator('owner')
  const email = 'Ada@example.com'
  const { id, licenseKey } = await activated(shop, email)
  await post(queuedOrderFields(shop, { owner_email: 'ADA@example.com', identifier: '31' }), {
    path: QUEUED_PATH,
  })
  const { externalId } = await addOffer()
  await deliver(samples, samples.purchase({ order: 'sold', externalId }), { bindings: EMAILS })
  await deliver(samples, samples.refund({ order: 'sold', externalId }), { bindings: EMAILS })
  await run('update operators set email = ? where id = ?', 'ada@Example.com', owner.id)
  await run(
    `insert into audit_entries (at, actor, action, subject, after, nonce)
     values (?, 'operator:1', 'licenses.update', 'license:1', '{"owner_email":"ada@example.com"}', 'n')`,
    NOW,
  )
  await activated(shop, 'grace@example.com')

  const exported = await exportOf(owner, 'ada@example.com')
  expect(exported).toMatchObject({
    orders: [
      { owner_email: email, source: `api:${shop.apiKeyId}`, line: null, deliveries: [] },
      {
        owner_email: 'ada@example.com',
        line: { provider: 'standard', order: 'sold', line: '1', subscription: null },
        deliveries: [{ channel: 'email', status: 'cancelled' }],
      },
    ],
    licenses: [
      {
        id,
        license_key: licenseKey,
        status: 'assigned',
        devices: [{ identifier: 'laptop', last_seen_at: expect.stringMatching(/^2\d{3}-.*Z$/) }],
        devices_count: 1,
        metadata: [{ name: 'company', value: 'ACME' }],
        metadata_count: 1,
      },
      { status: 'blocked', devices: [], metadata: [] },
    ],
    queued_orders: [{ owner_email: 'ADA@example.com', reference: '31' }],
    events: [
      { order: 'sold', outcome: 'issued', payload: expect.stringContaining('ada@example.com') },
      // It names the order only.
      { order: 'sold', outcome: 'revoked' },
    ],
    audit_entries: [{ at: '2026-11-28T00:00:00.000Z', after: { owner_email: 'ada@example.com' } }],
    operators: [{ id: owner.id, role: 'owner' }],
  })
  expect(JSON.stringify(exported)).not.toContain('grace')
})

it('exports people with more than a page, completely and once', async () => {
  const { productId } = await openShop()
  const owner = await asOperator('owner')
  const numbers = 'with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ?1)'
  await run(
    `${numbers} insert into issuances (source, idempotency_key, nonce, product_id, quantity, owner_name, owner_email,
       validity_days, activation_limit, created_at)
     select 'bulk', 'b' || n, 'n', ?2, 3, 'Bob', iif(n % 2, 'bob@example.com', 'BOB@example.com'), 0, 0, 0 from numbers`,
    30,
    productId,
  )
  await run(
    `${numbers} insert into license_keys (product_id, issuance_id, license_key, status, activation_limit, validity_days,
       owner_name, owner_email, assigned_at, created_at, updated_at)
     select product_id, id, lower(hex(randomblob(16))), 'assigned', 0, 0, owner_name, owner_email, 0, 0, 0
     from issuances cross join numbers where owner_name = 'Bob'`,
    3,
  )
  await run(
    `${numbers} insert into license_keys (product_id, license_key, status, activation_limit, validity_days,
       owner_name, owner_email, assigned_at, created_at, updated_at)
     select ?2, lower(hex(randomblob(16))), 'assigned', 0, 0, 'Bob', 'bob@example.com', 0, 0, 0 from numbers`,
    25,
    productId,
  )
  await run(
    `${numbers} insert into webhook_events (provider, event_id, type, mode, received_at, outcome, payload)
     select 'stripe', 'e' || n, 't', 'live', n / 7, 'ignored', iif(n % 100 = 0, '"bob@example.com"', '{}') from numbers`,
    4_100,
  )
  await run(
    `${numbers} insert into audit_entries (at, actor, action, reason, nonce)
     select 0, 'operator:1', 'a', iif(n % 100 = 0, 'Bob@example.com', null), 'n' from numbers`,
    4_100,
  )
  const { pages, ...exported } = await exportOf(owner, 'bob@example.com', 7)
  const idsOf = (name: string) => new Set(exported[name]?.map(({ id }) => id))
  for (const [name, count] of Object.entries({ orders: 30, licenses: 115, events: 41, audit_entries: 41 })) {
    expect(exported[name], name).toHaveLength(count)
    expect(idsOf(name).size, name).toBe(count)
  }
  expect(pages).toBeLessThan(40)
})
