import { describe, expect, it } from 'vitest'
import { asOperator, auditOf } from '../support/admin.ts'
import { addProduct } from '../support/administration.ts'

const once = () => ({ headers: { 'Idempotency-Key': crypto.randomUUID() } })

async function newOffer() {
  return {
    provider: 'stripe',
    external_id: `price_${crypto.randomUUID()}`,
    product_id: await addProduct(),
    activation_limit: 3,
  }
}

describe('an offer', () => {
  it('is created once, with the default terms', async () => {
    const owner = await asOperator('owner')
    const body = await newOffer()
    const options = once()
    const first = await owner.post('/offers', body, options)
    expect(first).toMatchObject({
      status: 201,
      body: {
        ...body,
        mode: 'key-per-unit',
        keys_per_unit: 1,
        validity_days: 0,
        follows_subscription: true,
        grace_days: 3,
        features: null,
        removed_at: null,
      },
    })
    // With the same key, and in a new request.
    expect((await owner.post('/offers', body, options)).body).toEqual(first.body)
    expect((await owner.post('/offers', body)).body).toEqual(first.body)
    expect((await owner.get(`/offers?product_id=${body.product_id}`)).body.items).toEqual([first.body])
    expect(await auditOf(`offer:${first.body.id}`)).toMatchObject([
      { action: 'offers.create', before: null, after: body },
    ])
  })

  it('gets new terms only on request, and keeps the old ones for earlier orders', async () => {
    const owner = await asOperator('owner')
    const body = await newOffer()
    const { body: old } = await owner.post('/offers', body)
    const changed = { ...body, mode: 'seats', features: ['pro'], follows_subscription: false }
    const refused = await owner.post('/offers', changed)
    expect(refused).toMatchObject({ status: 409, body: { code: 'conflict' } })
    expect(refused.body.detail).toContain(`Offer ${old.id} already sells this`)
    const options = once()
    const replaced = await owner.post('/offers', { ...changed, replace: true }, options)
    expect(replaced.body).toMatchObject(changed)
    expect(replaced.body.id).not.toBe(old.id)
    expect((await owner.post('/offers', { ...changed, replace: true }, options)).body).toEqual(replaced.body)
    expect((await owner.get(`/offers/${old.id}`)).body).toMatchObject({
      mode: 'key-per-unit',
      removed_at: expect.any(String),
    })
    expect((await owner.get(`/offers?product_id=${body.product_id}`)).body.items).toEqual([replaced.body])
    expect(await auditOf(`offer:${replaced.body.id}`)).toMatchObject([
      { before: { id: old.id, mode: 'key-per-unit' }, after: { id: replaced.body.id, mode: 'seats' } },
    ])
  })

  it('is replaced once when two requests race', async () => {
    const owner = await asOperator('owner')
    const body = { ...(await newOffer()), replace: true }
    const answers = await Promise.all([1, 2, 3].map(() => owner.post('/offers', body)))
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1)
  })

  it('is removed once, and its place is free again', async () => {
    const owner = await asOperator('owner')
    const body = await newOffer()
    const { body: offer } = await owner.post('/offers', body)
    const options = once()
    expect((await owner.delete(`/offers/${offer.id}`, options)).status).toBe(204)
    expect((await owner.delete(`/offers/${offer.id}`, options)).status).toBe(204)
    expect((await owner.delete(`/offers/${offer.id}`)).status).toBe(404)
    expect((await owner.post('/offers', { ...body, activation_limit: 4 })).status).toBe(201)
    expect((await auditOf(`offer:${offer.id}`))[1]).toMatchObject({
      action: 'offers.delete',
      before: { removed_at: null },
      after: { removed_at: expect.any(Number) },
    })
  })

  it('names every wrong field', async () => {
    const owner = await asOperator('owner')
    const wrong = await owner.post('/offers', {
      provider: 'paypal',
      external_id: '',
      product_id: 0,
      keys_per_unit: 101,
      grace_days: 366,
      mode: 'x',
      features: ['a b'],
    })
    expect(Object.keys(wrong.body.errors).sort()).toEqual([
      'activation_limit',
      'external_id',
      'features',
      'grace_days',
      'keys_per_unit',
      'mode',
      'product_id',
      'provider',
    ])
    const unknown = await owner.post('/offers', { ...(await newOffer()), product_id: 999_999 })
    expect(unknown.body.errors).toEqual({ product_id: ['The selected product id is invalid.'] })
  })
})
