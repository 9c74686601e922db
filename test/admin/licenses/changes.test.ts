import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { type AdminOptions, asOperator, type Operator } from '../../support/admin.ts'
import { auditOf, licenseIdOf } from '../../support/admin-licenses.ts'
import { expectNoChange } from '../../support/administration.ts'
import { post } from '../../support/client.ts'
import { addKey, addMetadata } from '../../support/key-life.ts'
import { addOffer, applyEvent, purchaseOf } from '../../support/sales.ts'
import { openShop, orderFields, type Shop } from '../../support/shop.ts'

let owner: Operator
let support: Operator
let viewer: Operator
let shop: Shop

beforeAll(async () => {
  owner = await asOperator('owner')
  support = await asOperator('support')
  viewer = await asOperator('viewer')
  shop = await openShop()
})

const show = async (id: number, operator: Operator = owner) => (await operator.get(`/licenses/${id}`)).body
const withKey = (key: string): AdminOptions => ({ headers: { 'Idempotency-Key': key } })

describe('a shown license', () => {
  it('has its product, owner, terms, features, metadata and devices', async () => {
    const key = await addKey(shop, { activationLimit: 3, identifiers: ['laptop'] })
    await addMetadata(key, 'plan', 'basic')
    await env.DB.prepare(`update products set features = '["pro"]' where id = ?`).bind(shop.productId).run()
    const { status, body, headers } = await owner.get(`/licenses/${key.id}`)
    expect(status).toBe(200)
    expect(headers.get('ETag')).toBe('"0"')
    expect(body).toMatchObject({
      id: key.id,
      product: { id: shop.productId, name: 'App' },
      license_key: key.licenseKey,
      status: 'assigned',
      owner_name: 'Ada Lovelace',
      owner_email: 'ada@example.com',
      activation_limit: 3,
      activations_used: 1,
      validity_days: 0,
      expires_at: null,
      features: { own: null, effective: ['pro'] },
      metadata: { plan: 'basic' },
      devices: [{ identifier: 'laptop', takes_seat: true, file_ends_at: null }],
      issuance: null,
      blocked_by: [],
      reissued_from: null,
      reissued_as: null,
    })
    expect((await show(key.id, viewer)).license_key).toBe(`${key.licenseKey.slice(0, 4)}…`)
  })

  it('has the order that sold it', async () => {
    await applyEvent(purchaseOf(await addOffer(), 'shown-order'))
    const { body } = await owner.get('/licenses?order=shown-order')
    const { issuance } = await show(body.items[0].id)
    expect(issuance).toMatchObject({
      source: 'standard',
      order: { provider: 'standard', order: 'shown-order', line: '1', subscription: null },
    })
  })

  it('is not found if there is none', async () => {
    expect(await owner.get('/licenses/999999')).toMatchObject({ status: 404, body: { code: 'not-found' } })
    expect((await owner.get('/licenses/999999/timeline')).status).toBe(404)
  })
})

describe('a changed license', () => {
  it('has the new terms, owner, features and metadata, and an audit entry', async () => {
    const key = await addKey(shop, { validityDays: 30 })
    await addMetadata(key, 'old', '1')
    const { status, body } = await owner.patch(`/licenses/${key.id}`, {
      validity_days: 60,
      activation_limit: 5,
      owner_name: 'Grace Hopper',
      owner_email: null,
      features: ['pro', 'team'],
      metadata: { old: null, new: 'line\nbreak' },
      reason: 'sold on',
    })
    expect(status, JSON.stringify(body)).toBe(200)
    expect(await show(key.id)).toMatchObject({
      validity_days: 60,
      activation_limit: 5,
      owner_name: 'Grace Hopper',
      owner_email: null,
      features: { own: ['pro', 'team'] },
      metadata: { new: 'line\nbreak' },
    })
    const [entry, ...others] = await auditOf(`license:${key.id}`)
    expect(others).toEqual([])
    expect(entry).toMatchObject({
      actor: `operator:${owner.id}`,
      action: 'licenses.update',
      reason: 'sold on',
      before: { owner_name: 'Ada Lovelace', validity_days: 30, metadata: { old: '1' } },
      after: { owner_name: 'Grace Hopper', validity_days: 60, metadata: { new: 'line\nbreak' } },
    })
    expect(JSON.stringify(entry)).not.toContain(key.licenseKey)
    await owner.patch(`/licenses/${key.id}`, { features: null })
    expect((await show(key.id)).features.own).toBeNull()
  })

  it('is changed once under one key, even by requests that race', async () => {
    const { id } = await addKey(shop)
    const change = () => owner.patch(`/licenses/${id}`, { activation_limit: 9 }, withKey('change'))
    const answers = await Promise.all(Array.from({ length: 10 }, change))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect(await auditOf(`license:${id}`)).toHaveLength(1)
    const other = await owner.patch(`/licenses/${id}`, { activation_limit: 8 }, withKey('change'))
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency-key-reused' } })
    expect((await show(id)).activation_limit).toBe(9)
  })

  it('keeps the change of another operator if the version differs', async () => {
    const { id } = await addKey(shop)
    const etag = (await owner.get(`/licenses/${id}`)).headers.get('ETag') ?? ''
    const change = (limit: number) =>
      owner.patch(`/licenses/${id}`, { activation_limit: limit }, { headers: { 'If-Match': etag } })
    const answers = await Promise.all([change(1), change(2)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412])
    expect(await auditOf(`license:${id}`)).toHaveLength(1)
  })

  it('is still told as it was issued when its order is repeated', async () => {
    const headers = { 'Idempotency-Key': 'as-issued' }
    const fields = orderFields(shop, { quantity: '1' })
    const first = await post(fields, { headers })
    const id = await licenseIdOf(first.response.license_keys[0].license_key)
    await owner.patch(`/licenses/${id}`, { validity_days: 1, owner_name: 'Grace', activation_limit: 1 })
    expect((await post(fields, { headers })).text).toBe(first.text)
  })

  it.each([
    [{ validity_days: -1 }, 'validity_days'],
    [{ owner_email: 'junk' }, 'owner_email'],
    [{ features: ['a b'] }, 'features'],
    [{ metadata: { a: 1 } }, 'metadata'],
    [{ metadata: ['a'] }, 'metadata'],
    [{ status: 'available' }, 'status'],
  ])('is not changed by %j', async (body, field) => {
    const { id } = await addKey(shop)
    const answer = await owner.patch(`/licenses/${id}`, body)
    expect(answer.status).toBe(400)
    expect(Object.keys(answer.body.errors)).toEqual([field])
    expect(await auditOf(`license:${id}`)).toEqual([])
  })
})

describe('a block', () => {
  const block = (id: number, reason = 'published') => support.post(`/licenses/${id}/block`, { reason })
  const unblock = (id: number) => support.post(`/licenses/${id}/unblock`, { reason: 'a mistake' })

  async function soldLicense(order: string): Promise<number> {
    await applyEvent(
      purchaseOf(await addOffer({ externalId: order }), order, {
        lines: [{ id: '1', externalIds: [order], quantity: 1 }],
      }),
    )
    return (await owner.get(`/licenses?order=${order}`)).body.items[0].id
  }

  const refund = (order: string, occurredAt = 1) =>
    applyEvent({ kind: 'refund', id: `refund-${order}`, order, occurredAt, phase: 'beginning' })
  const endRefund = (order: string, occurredAt = 2) =>
    applyEvent({ kind: 'reinstatement', id: `refund-${order}`, order, occurredAt, phase: 'end' })

  it('has a reason, which the license and the audit show, but not to viewers', async () => {
    const { id } = await addKey(shop)
    expect((await block(id)).body.status).toBe('blocked')
    expect(await show(id)).toMatchObject({ blocked_by: ['hand'], blocked_reason: 'published' })
    expect((await show(id, viewer)).blocked_reason).toBeNull()
    expect((await unblock(id)).body.status).toBe('assigned')
    expect(await show(id)).toMatchObject({ blocked_by: [], blocked_reason: null })
    expect((await auditOf(`license:${id}`)).map(({ action, reason }) => [action, reason])).toEqual([
      ['licenses.block', 'published'],
      ['licenses.unblock', 'a mistake'],
    ])
    expect(await unblock(id)).toMatchObject({ status: 409, body: { code: 'conflict' } })
    expect((await support.post(`/licenses/${id}/block`, {})).body.errors).toHaveProperty('reason')
  })

  it('by hand outlasts the end of a refund, in either order', async () => {
    for (const [order, steps] of [
      ['block-first', [block, refund]],
      ['refund-first', [refund, block]],
    ] as const) {
      const id = await soldLicense(order)
      for (const step of steps) await (step === block ? block(id) : refund(order))
      expect((await show(id)).blocked_by).toEqual(['payment', 'hand'])
      await endRefund(order)
      expect(await show(id)).toMatchObject({ status: 'blocked', blocked_by: ['hand'] })
      await unblock(id)
      expect((await show(id)).status).toBe('assigned')
    }
  })

  it('by a refund outlasts the end of a block by hand, and cannot be ended by hand', async () => {
    const id = await soldLicense('outlasts')
    await block(id)
    await refund('outlasts')
    expect((await unblock(id)).body.status).toBe('blocked')
    expect((await show(id)).blocked_by).toEqual(['payment'])
    const refused = await unblock(id)
    expect(refused).toMatchObject({ status: 409, body: { code: 'payment-reversed' } })
    await endRefund('outlasts')
    expect((await show(id)).status).toBe('assigned')
  })
})

describe('a reissue', () => {
  const reissue = (id: number, body: object = {}, options: AdminOptions = {}) =>
    support.post(`/licenses/${id}/reissue`, { reason: 'lost', ...body }, options)

  it('replaces a license once, even if requests race', async () => {
    const { id, licenseKey } = await addKey(shop, { activationLimit: 2 })
    const answers = await Promise.all(Array.from({ length: 5 }, () => reissue(id)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409])
    const { body } = answers.find(({ status }) => status === 201) ?? {}
    expect(body).toMatchObject({ status: 'assigned', activation_limit: 2, reissued_from: id, deliveries: [] })
    expect(body.license_key).not.toBe(licenseKey)
    expect(await show(id)).toMatchObject({ blocked_by: ['reissue'], reissued_as: body.id })
    expect(await show(body.id)).toMatchObject({ reissued_from: id, owner_email: 'ada@example.com' })
    expect(await auditOf(`license:${id}`)).toMatchObject([{ action: 'licenses.reissue', reason: 'lost' }])
    const unblocked = await support.post(`/licenses/${id}/unblock`, { reason: 'no' })
    expect(unblocked).toMatchObject({ status: 409, body: { code: 'license-reissued' } })
  })

  it('gives a repeated request the same license', async () => {
    const { id } = await addKey(shop)
    const first = await reissue(id, {}, withKey('reissue'))
    const again = await reissue(id, {}, withKey('reissue'))
    expect(again.body).toEqual(first.body)
    expect(again.headers.get('Idempotent-Replayed')).toBe('true')
  })

  it('sends the new key by the channels that are set up, unless it should not', async () => {
    const bindings = { DELIVERY_WEBHOOK_URL: 'https://receiver.example/' }
    const { id } = await addKey(shop)
    const { body } = await reissue(id, {}, { bindings })
    const rows = await env.DB.prepare(
      `select channel, deliveries.status from deliveries join license_keys using (issuance_id) where license_keys.id = ?`,
    )
      .bind(body.id)
      .all()
    expect(rows.results).toEqual([{ channel: 'webhook', status: 'pending' }])
    expect(body.deliveries).toHaveLength(1)
    const silent = await reissue((await addKey(shop)).id, { deliver: false }, { bindings })
    expect(silent.body.deliveries).toEqual([])
  })

  it('of a license in stock or with another version changes nothing', async () => {
    const { id } = await addKey(shop, { status: 'available', ownerName: null, ownerEmail: null })
    const assigned = await addKey(shop)
    await expectNoChange(async () => {
      expect(await reissue(id)).toMatchObject({ status: 409, body: { code: 'conflict' } })
      const other = await reissue(assigned.id, {}, { headers: { 'If-Match': '"7"' } })
      expect(other.status).toBe(412)
      return {} as never
    })
  })
})

describe('a freed device', () => {
  async function deviceOf(id: number): Promise<number> {
    return (await show(id)).devices[0].id
  }

  it('is removed once, with an audit entry', async () => {
    const { id } = await addKey(shop, { identifiers: ['laptop', 'phone'] })
    const device = await deviceOf(id)
    const free = () => support.delete(`/licenses/${id}/devices/${device}`)
    const answers = await Promise.all([free(), free()])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404])
    expect((await show(id)).devices).toMatchObject([{ identifier: 'phone' }])
    expect(await auditOf(`license:${id}`)).toMatchObject([
      { action: 'licenses.release-device', before: { device: 'laptop' }, after: null },
    ])
  })

  it('keeps its seat while its license file is valid, after the releases of 30 days', async () => {
    const { id } = await addKey(shop, { identifiers: ['laptop'] })
    const endsAt = Date.now() + 1_000_000
    await env.DB.prepare('update activations set file_ends_at = ? where license_key_id = ?')
      .bind(endsAt, id)
      .run()
    const device = await deviceOf(id)
    const options = { bindings: { RELEASES_MAX: '0' } }
    const { body } = await support.delete(`/licenses/${id}/devices/${device}`, options)
    const until = new Date(endsAt).toISOString()
    expect(body).toEqual({ identifier: 'laptop', seat_taken_until: until })
    expect((await show(id)).held_seats).toEqual([{ identifier: 'laptop', until }])
  })

  it('must be a device of the license', async () => {
    const device = await deviceOf((await addKey(shop, { identifiers: ['laptop'] })).id)
    const { id } = await addKey(shop)
    expect((await support.delete(`/licenses/${id}/devices/${device}`)).status).toBe(404)
  })
})
