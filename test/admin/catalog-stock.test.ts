import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { asOperator, auditOf } from '../support/admin.ts'
import { addKey, addProduct, storedKey } from '../support/administration.ts'
import { logText } from '../support/log.ts'

const TERMS = { activation_limit: 2, validity_days: 30 }

describe('stock', () => {
  it('is added once, and keys that exist are listed and not changed', async () => {
    const owner = await asOperator('owner')
    const [productId, otherId] = [await addProduct(), await addProduct()]
    const [own, other] = [await addKey({ productId }), await addKey({ productId: otherId })]
    const [fresh, second] = [crypto.randomUUID(), crypto.randomUUID()]
    const body = {
      product_id: productId,
      license_keys: [own, fresh, other, second],
      ...TERMS,
      features: ['pro'],
    }
    const options = { headers: { 'Idempotency-Key': crypto.randomUUID() } }
    const before = await storedKey(other)
    const first = await owner.post('/stock', body, options)
    expect(first).toMatchObject({ status: 201 })
    expect(first.body).toEqual({
      added: 2,
      existing: [
        { license_key: own, product_id: productId },
        { license_key: other, product_id: otherId },
      ],
      warnings: [],
    })
    expect((await owner.post('/stock', body, options)).body).toEqual(first.body)
    expect(await storedKey(other)).toEqual(before)
    expect(await storedKey(fresh)).toMatchObject({
      status: 'available',
      activation_limit: 2,
      validity_days: 30,
      features: '["pro"]',
    })
    const { body: counts } = await owner.get(`/stock?product_id=${productId}`)
    expect(counts.items).toEqual([{ product: { id: productId, name: 'App' }, available: 3 }])
    expect((await owner.post('/stock', body)).body.added).toBe(0)
    expect(await auditOf(`product:${productId}`)).toEqual([
      {
        actor: `operator:${owner.id}`,
        action: 'stock.add',
        before: null,
        after: { license_keys_added: 2 },
      },
      expect.objectContaining({ after: { license_keys_added: 0 } }),
    ])
    const { results } = await env.DB.prepare('select * from audit_entries').all()
    expect(JSON.stringify(results) + logText()).not.toContain(fresh)
  })

  it('takes 1,000 license keys, and warns of keys that are easy to guess', async () => {
    const owner = await asOperator('owner')
    const keys = Array.from({ length: 1_000 }, (_, index) => `${crypto.randomUUID().slice(0, 8)}${index}`)
    const body = { product_id: await addProduct(), license_keys: keys, ...TERMS }
    const answer = await owner.post('/stock', body)
    expect(answer.body).toMatchObject({ added: 1_000, existing: [] })
    expect(answer.body.warnings[0]).toMatch(/^1000 of 1000 license keys have less than 64 bits/)
  })

  it('is not added if a field is wrong', async () => {
    const owner = await asOperator('owner')
    const key = crypto.randomUUID()
    const body = { product_id: await addProduct(), license_keys: [key], ...TERMS }
    for (const [fields, name] of [
      [{ license_keys: [] }, 'license_keys'],
      [{ license_keys: [key, key] }, 'license_keys'],
      [{ license_keys: [key, ''] }, 'license_keys'],
      [{ license_keys: [key, 7] }, 'license_keys'],
      [{ license_keys: Array.from({ length: 1_001 }, () => crypto.randomUUID()) }, 'license_keys'],
      [{ validity_days: 36_501 }, 'validity_days'],
      [{ product_id: 999_999 }, 'product_id'],
    ] as const) {
      const answer = await owner.post('/stock', { ...body, ...fields })
      expect(answer.status).toBe(400)
      expect(Object.keys(answer.body.errors)).toEqual([name])
    }
    expect(await storedKey(key)).toBeNull()
  })
})
