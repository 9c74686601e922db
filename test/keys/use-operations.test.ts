/** What is remembered of requests by software, whose copies share an API key. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import {
  addKey,
  callApi,
  callApiWithIdempotencyKey,
  identifiersOf,
  type TestKey,
} from '../support/key-life.ts'
import { observe } from '../support/observed-database.ts'
import { openShop } from '../support/shop.ts'

async function rowsIn(table: string, column = 'endpoint'): Promise<unknown[]> {
  const { results } = await env.DB.prepare(`select ${column} from ${table} order by id`).all()
  return results.map((row) => row[column])
}

describe.each(['activate', 'deactivate'])('%s', (name) => {
  const code = name === 'activate' ? 300 : '400'
  const newKey = (shop: { readonly productId: number }) =>
    addKey(shop, name === 'activate' ? {} : { identifiers: ['device', 'other'] })
  const fieldsOf = ({ licenseKey }: TestKey, identifier = 'device') => ({
    license_key: licenseKey,
    identifier,
  })

  it('with an Idempotency-Key that another license key used is done, since copies of the software share it', async () => {
    const shop = await openShop()
    const [attackers, victims] = [await newKey(shop), await newKey(shop)]
    const idempotencyKey = `${name}-${victims.licenseKey}`
    await callApiWithIdempotencyKey(shop, name, fieldsOf(attackers), idempotencyKey)
    const answer = await callApiWithIdempotencyKey(shop, name, fieldsOf(victims), idempotencyKey)
    expect(answer.response.code).toBe(code)
    expect(answer.headers.has('Idempotent-Replayed')).toBe(false)
    expect(await identifiersOf(victims)).toEqual(name === 'activate' ? ['device'] : ['other'])
  })

  it('is replayed with the same bytes for the same license key, in one round trip that writes nothing', async () => {
    const shop = await openShop()
    const key = await newKey(shop)
    const first = await callApiWithIdempotencyKey(shop, name, fieldsOf(key), 'one')
    const { db, roundTrips } = observe(env.DB)
    const headers = { 'Idempotency-Key': 'one' }
    const replay = await callApi(shop, name, fieldsOf(key), { headers, bindings: { DB: db } })
    expect(replay.text).toBe(first.text)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    expect(roundTrips).toMatchObject([{ rowsWritten: 0 }])
  })

  it('gets 2422 for other parameters of the same license key', async () => {
    const shop = await openShop()
    const key = await newKey(shop)
    await callApiWithIdempotencyKey(shop, name, fieldsOf(key), 'one')
    const answer = await callApiWithIdempotencyKey(shop, name, fieldsOf(key, 'other'), 'one')
    expect(answer.response.code).toBe(2422)
  })

  it('is stored apart from the operations of shops, without its license key and Idempotency-Key', async () => {
    const shop = await openShop()
    const key = await newKey(shop)
    const [before, uses] = [await rowsIn('operations'), await rowsIn('use_operations')]
    const idempotencyKey = crypto.randomUUID()
    await callApiWithIdempotencyKey(shop, name, fieldsOf(key), idempotencyKey)
    expect(await rowsIn('operations')).toEqual(before)
    expect(await rowsIn('use_operations')).toEqual([...uses, name])
    const { results } = await env.DB.prepare('select * from use_operations order by id desc limit 1').all()
    expect(JSON.stringify(results)).not.toContain(key.licenseKey)
    expect(JSON.stringify(results)).not.toContain(idempotencyKey)
  })
})

it('operations of shops are stored for 30 days', async () => {
  const shop = await openShop()
  const { licenseKey } = await addKey(shop, { status: 'available' })
  const uses = await rowsIn('use_operations')
  await callApi(shop, 'assign-license-key', { license_key: licenseKey })
  expect((await rowsIn('operations')).at(-1)).toBe('assign-license-key')
  expect(await rowsIn('use_operations')).toEqual(uses)
})
