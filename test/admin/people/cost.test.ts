import { expect, it } from 'vitest'
import { asOperator } from '../../support/admin.ts'
import { requestLines } from '../../support/log.ts'
import { order, run } from '../../support/people.ts'
import { openShop } from '../../support/shop.ts'

const OTHERS = 20_000

/** Orders, license keys and queued orders of others, and old events without payloads. */
async function addOthers(productId: number): Promise<void> {
  const numbers = `with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${OTHERS})`
  const owner = `'Grace', n || '@example.com'`
  await run(
    `${numbers} insert into issuances (source, idempotency_key, nonce, product_id, quantity, owner_name, owner_email,
       validity_days, activation_limit, created_at) select 'bulk', n, 'n', ?, 1, ${owner}, 0, 0, 0 from numbers`,
    productId,
  )
  await run(
    `insert into license_keys (product_id, issuance_id, license_key, status, activation_limit, validity_days, owner_name,
       owner_email, assigned_at, created_at, updated_at)
     select product_id, iif(id % 2, id, null), lower(hex(randomblob(16))), 'assigned', 0, 0, owner_name, owner_email, 0, 0, 0
     from issuances`,
  )
  await run(
    `${numbers} insert into queued_orders (source, idempotency_key, nonce, product_id, quantity, owner_name, owner_email,
       origin, webhook_url, status, due_at, created_at, updated_at)
     select 'api:1', n, 'n', ?, 1, ${owner}, 'fresh', 'https://shop.example', 'issued', 0, 0, 0 from numbers`,
    productId,
  )
  await run(
    `${numbers} insert into webhook_events (provider, event_id, type, mode, received_at, outcome)
     select 'stripe', n, 't', 'live', 0, 'issued' from numbers`,
  )
  await run(
    `${numbers} insert into deliveries (issuance_id, channel, status, due_at, created_at, updated_at)
     select n, 'webhook', 'delivered', 0, 0, 0 from numbers`,
  )
}

it('exporting and erasing a person read no rows of others', async () => {
  const shop = await openShop()
  const owner = await asOperator('owner')
  await addOthers(shop.productId)
  await order(shop, 'ada')
  await owner.get('/people?email=ada@example.com')
  expect((await owner.post('/people/erase', { email: 'ada@example.com' })).status).toBe(200)
  const [exported, erased] = requestLines().slice(-2)
  expect(exported?.rowsRead).toBeLessThan(200)
  expect(erased?.rowsRead).toBeLessThan(1_000)
})
