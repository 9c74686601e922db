import { createScheduledController } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import worker from '../../../src/index.ts'
import { asOperator } from '../../support/admin.ts'
import { callApi, executeSql } from '../../support/key-life.ts'
import { observe } from '../../support/observed-database.ts'
import { openShop, orderFields } from '../../support/shop.ts'

const cron = (expression: string) =>
  worker.scheduled(createScheduledController({ cron: expression }), { ...env })

describe('GET /admin/v1/statistics', () => {
  it('shows what the cron jobs counted, in one round trip', async () => {
    const shop = await openShop()
    const { response } = await callApi(shop, 'random-assign-license-keys', orderFields(shop))
    const [{ license_key }] = response.license_keys
    await callApi(shop, 'activate', { license_key, identifier: 'laptop' })
    await cron('* * * * *')
    await cron('47 * * * *')
    const viewer = await asOperator('viewer')
    const { db, roundTrips } = observe(env.DB)
    const { body } = await viewer.get(`/statistics?product_id=${shop.productId}`, { bindings: { DB: db } })
    const counts = {
      issued_keys: 2,
      orders: 1,
      refunds: 0,
      activations: 1,
      active_devices: 1,
      failed_deliveries: 0,
    }
    expect(body).toEqual({
      items: [{ day: new Date().toISOString().slice(0, 10), product_id: shop.productId, ...counts }],
      totals: counts,
      counted_until: expect.any(String),
    })
    // Failed deliveries are counted 15 minutes later.
    expect(Date.now() - Date.parse(body.counted_until)).toBeLessThan(16 * 60_000)
    expect(roundTrips).toHaveLength(1)
  })

  it('adds up days, and takes the latest count of the devices of each product', async () => {
    const [first, second] = [await openShop(), await openShop()]
    const insert = `insert into statistics (day, product_id, issued_keys, active_devices)
      values (unixepoch(?) * 1000, ?, ?, ?)`
    await executeSql(insert, '2025-01-01', first.productId, 3, 5)
    await executeSql(insert, '2025-01-02', first.productId, 4, 6)
    await executeSql(insert, '2025-01-02', second.productId, 1, 10)
    await executeSql(insert, '2025-01-03', second.productId, 2, null)
    const viewer = await asOperator('viewer')
    const { body } = await viewer.get('/statistics?from=2025-01-01&to=2025-01-02')
    expect(body.items.map(({ day }: { day: string }) => day)).toEqual([
      '2025-01-01',
      '2025-01-02',
      '2025-01-02',
    ])
    expect(body.totals).toMatchObject({ issued_keys: 8, active_devices: 16 })
    const { body: later } = await viewer.get('/statistics?from=2025-01-02&to=2025-01-03')
    expect(later.totals).toMatchObject({ issued_keys: 7, active_devices: 16 })
  })

  it('names the first instant that is not counted', async () => {
    await cron('* * * * *')
    const shop = await openShop()
    await callApi(shop, 'random-assign-license-keys', orderFields(shop))
    await executeSql('update issuances set created_at = 1000 where product_id = ?', shop.productId)
    const { body } = await (await asOperator('viewer')).get('/statistics')
    expect(body.counted_until).toBe('1970-01-01T00:00:01.000Z')
  })

  it.each([
    ['from=2025-02-30', 'from'],
    ['to=tomorrow', 'to'],
    ['from=2025-01-02&to=2025-01-01', 'from'],
    ['from=2024-01-01&to=2025-02-04', 'from'],
    ['product_id=0', 'product_id'],
    ['day=2025-01-01', 'day'],
  ])('refuses %s and names the field', async (query, field) => {
    const { status, body } = await (await asOperator('viewer')).get(`/statistics?${query}`)
    expect(status).toBe(400)
    expect(Object.keys(body.errors)).toEqual([field])
  })

  it('answers 400 days', async () => {
    const { status } = await (await asOperator('viewer')).get('/statistics?from=2024-01-01&to=2025-02-03')
    expect(status).toBe(200)
  })

  it('asks for fewer days instead of answering more than 10,000 rows', async () => {
    const shop = await openShop()
    await executeSql(
      `insert into products (name, status, created_at, updated_at)
       select 'App', 'active', 0, 0 from json_each(?)`,
      JSON.stringify(Array.from({ length: 101 })),
    )
    await executeSql(
      `insert into statistics (day, product_id, orders)
       select 86400000 * days.value, products.id, 1 from products cross join json_each(?) as days`,
      JSON.stringify(Array.from({ length: 100 }, (_, index) => 100 + index)),
    )
    const viewer = await asOperator('viewer')
    const { status, body } = await viewer.get('/statistics?from=1970-04-11&to=1970-07-19')
    expect([status, body.errors?.from?.length]).toEqual([400, 1])
    const one = await viewer.get(`/statistics?from=1970-04-11&to=1970-07-19&product_id=${shop.productId}`)
    expect(one.body.items).toHaveLength(100)
  })
})
