import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { asOperator, auditOf } from '../support/admin.ts'
import { addProduct } from '../support/administration.ts'

const once = () => ({ headers: { 'Idempotency-Key': crypto.randomUUID() } })

describe('a product', () => {
  it('is created once with its settings, metadata and default generator', async () => {
    const owner = await asOperator('owner')
    const body = {
      name: 'Photo editor',
      description: 'Edits photos.',
      source: 'envato',
      external_reference: '4711',
      require_non_expired: true,
      delivery_webhook_url: 'https://shop.example/deliveries',
      features: ['raw'],
      domain_devices: true,
      trial_days: 14,
      any_machine_files: true,
      offline_page: true,
    }
    const options = once()
    const sent = { ...body, metadata: { channel: 'beta' } }
    const [first, second] = [
      await owner.post('/products', sent, options),
      await owner.post('/products', sent, options),
    ]
    expect(first).toMatchObject({ status: 201, body: { ...body, status: 'active' } })
    expect(second.body).toEqual(first.body)
    expect(second.headers.get('Idempotent-Replayed')).toBe('true')
    const { id } = first.body
    expect((await owner.get(`/products/${id}`)).body).toEqual({
      ...first.body,
      metadata: { channel: 'beta' },
    })
    const { results } = await env.DB.prepare('select method, status from generators where product_id = ?')
      .bind(id)
      .all()
    expect(results).toEqual([{ method: 'uuid', status: 1 }])
    expect(await auditOf(`product:${id}`)).toMatchObject([
      { actor: `operator:${owner.id}`, action: 'products.create', before: null, after: { trial_days: 14 } },
    ])
  })

  it('keeps what a change omits, and loses what it sets to null', async () => {
    const owner = await asOperator('owner')
    const { body } = await owner.post('/products', {
      name: 'App',
      description: 'An app.',
      features: ['pro'],
      trial_days: 7,
      external_reference: 'x',
      delivery_webhook_url: 'https://shop.example/',
      metadata: { one: '1', two: '2' },
    })
    const nothing = { description: null, features: null, trial_days: null }
    const others = { external_reference: null, delivery_webhook_url: null }
    const changed = await owner.patch(`/products/${body.id}`, {
      ...nothing,
      ...others,
      offline_page: true,
      metadata: { one: null, two: '3', three: '4' },
    })
    expect(changed.body).toMatchObject({ name: 'App', ...nothing, ...others, offline_page: true })
    const shown = await owner.get(`/products/${body.id}`)
    expect(shown.body.metadata).toEqual({ two: '3', three: '4' })
    expect((await auditOf(`product:${body.id}`))[1]).toMatchObject({
      action: 'products.update',
      before: { features: ['pro'], offline_page: 0, metadata: { one: '1', two: '2' } },
      after: { features: null, offline_page: 1, metadata: { two: '3', three: '4' } },
    })
  })

  it('is not overwritten or deleted by someone who read an older version', async () => {
    const owner = await asOperator('owner')
    const id = await addProduct()
    const path = `/products/${id}`
    const read = { headers: { 'If-Match': (await owner.get(path)).headers.get('ETag') ?? '' } }
    expect((await owner.patch(path, { name: 'First' }, read)).status).toBe(200)
    for (const late of [await owner.patch(path, { name: 'Second' }, read), await owner.delete(path, read)]) {
      expect(late).toMatchObject({ status: 412, body: { code: 'version-mismatch' } })
    }
    expect((await owner.get(path)).body.name).toBe('First')
  })

  it('is deleted once, and then not found', async () => {
    const owner = await asOperator('owner')
    const id = await addProduct()
    const options = once()
    expect((await owner.delete(`/products/${id}`, options)).status).toBe(204)
    expect((await owner.delete(`/products/${id}`, options)).status).toBe(204)
    expect((await owner.delete(`/products/${id}`)).status).toBe(404)
    expect((await owner.patch(`/products/${id}`, { name: 'Again' })).status).toBe(404)
    expect((await owner.get(`/products/${id}`)).status).toBe(404)
    expect(await auditOf(`product:${id}`)).toMatchObject([
      {
        action: 'products.delete',
        before: { status: 'active' },
        after: { status: 'inactive', deleted_at: expect.any(Number) },
      },
    ])
  })

  it('has only valid settings', async () => {
    const owner = await asOperator('owner')
    const wrong = await owner.post('/products', {
      name: 'App',
      status: 'gone',
      trial_days: 366,
      offline_page: 1,
      features: 'a b',
      metadata: { '': 'x' },
    })
    expect(wrong.status).toBe(400)
    expect(Object.keys(wrong.body.errors).sort()).toEqual([
      'features',
      'metadata',
      'offline_page',
      'status',
      'trial_days',
    ])
    for (const url of ['http://shop.example/', 'https://10.0.0.1/', 'https://a:b@shop.example/']) {
      const options = { bindings: { LOCAL_DEVELOPMENT: undefined } }
      for (const answer of [
        await owner.post('/products', { name: 'App', delivery_webhook_url: url }, options),
        await owner.patch(`/products/${await addProduct()}`, { delivery_webhook_url: url }, options),
      ]) {
        expect(answer).toMatchObject({ status: 400, body: { errors: { delivery_webhook_url: [/./] } } })
      }
    }
  })

  it('is listed in pages, and left out when it is deleted', async () => {
    const owner = await asOperator('owner')
    const ids = [await addProduct(), await addProduct(), await addProduct()]
    await owner.delete(`/products/${ids[1]}`)
    const listed: number[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await owner.get(`/products?limit=2${cursor && `&cursor=${cursor}`}`)
      listed.push(...body.items.map(({ id }: { id: number }) => id))
      cursor = body.next_cursor
    }
    expect(listed.filter((id) => ids.includes(id))).toEqual([ids[0], ids[2]])
    expect(new Set(listed).size).toBe(listed.length)
  })
})
