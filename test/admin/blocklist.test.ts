import { describe, expect, it } from 'vitest'
import { asOperator, auditOf } from '../support/admin.ts'
import { get } from '../support/administration.ts'
import { openShop } from '../support/shop.ts'

describe('the blocklist', () => {
  it('refuses requests from a network until it is unblocked', async () => {
    const owner = await asOperator('owner')
    const shop = await openShop()
    const ask = () =>
      get(
        '/api/v1/get-available-license-keys-count',
        { api_key: shop.apiKey, product_id: shop.productId },
        {
          headers: { 'CF-Connecting-IP': '198.51.100.7' },
        },
      )
    const options = { headers: { 'Idempotency-Key': crypto.randomUUID() } }
    const body = { kind: 'network', value: ' 198.51.100.77/24 ' }
    const first = await owner.post('/blocklist', body, options)
    expect(first).toMatchObject({ status: 201, body: { kind: 'network', value: '198.51.100.0/24' } })
    // With the same key, in a new request, and in another spelling.
    expect((await owner.post('/blocklist', body, options)).body).toEqual(first.body)
    expect((await owner.post('/blocklist', body)).body).toEqual(first.body)
    const other = { kind: 'network', value: '::ffff:198.51.100.0/120' }
    expect((await owner.post('/blocklist', other)).body).toEqual(first.body)
    expect((await owner.get('/blocklist?kind=network&limit=200')).body.items).toContainEqual(first.body)
    expect((await ask()).status).toBe(403)
    const { id } = first.body
    const removal = { headers: { 'Idempotency-Key': crypto.randomUUID() } }
    expect((await owner.delete(`/blocklist/${id}`, removal)).status).toBe(204)
    expect((await owner.delete(`/blocklist/${id}`, removal)).status).toBe(204)
    expect((await owner.delete(`/blocklist/${id}`)).status).toBe(404)
    expect((await ask()).status).toBe(200)
    const state = { kind: 'network', value: '198.51.100.0/24' }
    const actor = `operator:${owner.id}`
    expect(await auditOf(`blocklist:${id}`)).toEqual([
      { actor, action: 'blocklist.create', before: null, after: state },
      { actor, action: 'blocklist.delete', before: state, after: null },
    ])
  })

  it('takes an entry once when requests race', async () => {
    const owner = await asOperator('owner')
    const body = { kind: 'identifier', value: `device-${crypto.randomUUID()}` }
    const answers = await Promise.all([1, 2, 3].map(() => owner.post('/blocklist', body)))
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1)
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
  })

  it('takes no value that is not what its kind says', async () => {
    const owner = await asOperator('owner')
    for (const value of ['shop.example', '198.51.100.0/33', '127.1', '0x7f.1', '::1/129']) {
      const answer = await owner.post('/blocklist', { kind: 'network', value })
      expect(answer).toMatchObject({ status: 400, body: { errors: { value: [/./] } } })
    }
    const wrong = await owner.post('/blocklist', { kind: 'person', value: '\u0000' })
    expect(Object.keys(wrong.body.errors).sort()).toEqual(['kind', 'value'])
  })
})
