/** Refunds and renewals after a reissue: the new license key takes the place of the old one. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Refund } from '../../src/payments/payment-event.ts'
import { post } from '../support/client.ts'
import { keysWithReissuesOf, reissue, reissueAt, statusesByPlace } from '../support/reissues.ts'
import { addOffer, applyEvent, deliveriesOf, purchaseOf } from '../support/sales.ts'
import { openShop } from '../support/shop.ts'
import { day, newSubscription } from '../support/subscriptions.ts'

/** Sells keys that are valid for 30 days. */
async function sell(quantity: number): Promise<string> {
  const offer = await addOffer({ validityDays: 30 })
  const order = `order-${crypto.randomUUID()}`
  const lines = [{ id: '1', externalIds: [offer.externalId], quantity }]
  const channels = { hasWebhook: true, hasEmail: false }
  await applyEvent(purchaseOf(offer, order, { lines, references: [`sub-${order}`] }), { channels })
  return order
}

async function refund(order: string, changes: Partial<Refund> = {}): Promise<void> {
  await applyEvent({ kind: 'refund', id: order, order, occurredAt: 1, phase: 'beginning', ...changes })
}

async function reinstate(order: string): Promise<void> {
  await applyEvent({ kind: 'reinstatement', id: order, order, occurredAt: 2, phase: 'end' })
}

async function expiriesOf(order: string): Promise<(number | null)[]> {
  return (await keysWithReissuesOf(order)).map(({ expiresAt }) => expiresAt)
}

/** Calls an endpoint about one license key. */
async function call(endpoint: string, licenseKey: string, fields: Record<string, string> = {}) {
  const { apiKey } = await openShop()
  const { response } = await post(
    { api_key: apiKey, license_key: licenseKey, ...fields },
    { path: `/api/v1/${endpoint}` },
  )
  return response.code
}

describe('a refund after a reissue', () => {
  it('blocks both keys, and a reinstatement restores only the new one', async () => {
    const order = await sell(1)
    await reissueAt(order, 0)
    expect(await statusesByPlace(order)).toEqual(['blocked, assigned'])
    await refund(order)
    expect(await statusesByPlace(order)).toEqual(['blocked, blocked'])
    expect(await deliveriesOf(order)).toEqual([{ channel: 'webhook', status: 'cancelled' }])
    await reinstate(order)
    expect(await statusesByPlace(order)).toEqual(['blocked, assigned'])
    expect(await deliveriesOf(order)).toEqual([{ channel: 'webhook', status: 'pending' }])
  })

  it('of 1 of 3 units blocks the keys at the last place, not the newest key', async () => {
    const order = await sell(3)
    await reissueAt(order, 2)
    await reissueAt(order, 0)
    await refund(order, { lines: [{ id: '1', quantity: 1 }] })
    expect(await statusesByPlace(order)).toEqual(['blocked, assigned', 'assigned', 'blocked, blocked'])
    await reinstate(order)
    expect(await statusesByPlace(order)).toEqual(['blocked, assigned', 'assigned', 'blocked, assigned'])
  })

  it('blocks a chain of reissues, and a reinstatement restores the last key', async () => {
    const order = await sell(2)
    await reissueAt(order, 0)
    await reissueAt(order, 0)
    expect(await statusesByPlace(order)).toEqual(['blocked, blocked, assigned', 'assigned'])
    await refund(order, { lines: [{ id: '1', quantity: 1 }] })
    expect(await statusesByPlace(order)).toEqual(['blocked, blocked, assigned', 'blocked'])
    await refund(order, { id: `${order}-2` })
    expect(await statusesByPlace(order)).toEqual(['blocked, blocked, blocked', 'blocked'])
    await reinstate(`${order}`)
    await applyEvent({ kind: 'reinstatement', id: `${order}-2`, order, occurredAt: 2, phase: 'end' })
    expect(await statusesByPlace(order)).toEqual(['blocked, blocked, assigned', 'assigned'])
  })

  it('blocks the new key even if the old one was deleted', async () => {
    const order = await sell(2)
    const [old] = await keysWithReissuesOf(order)
    await reissueAt(order, 0)
    expect(await call('delete-license-key', String(old?.licenseKey))).toBe(850)
    await refund(order)
    expect(await statusesByPlace(order)).toEqual(['blocked', 'blocked'])
  })

  it('blocks the last key of a chain whose middle key was deleted', async () => {
    const order = await sell(2)
    await reissueAt(order, 1)
    const middle = await reissueAt(order, 1)
    await reissueAt(order, 1)
    expect(await call('delete-license-key', String(middle))).toBe(850)
    await refund(order, { lines: [{ id: '1', quantity: 1 }] })
    expect(await statusesByPlace(order)).toEqual(['assigned', 'blocked, blocked, blocked'])
    await reinstate(order)
    expect(await statusesByPlace(order)).toEqual(['assigned', 'blocked, blocked, assigned'])
  })

  it('does not block a key that was returned to stock', async () => {
    const order = await sell(1)
    const fresh = String(await reissueAt(order, 0))
    expect(await call('update-license-key', fresh, { status: 'available' })).toBe(950)
    await refund(order)
    expect(await statusesByPlace(order)).toEqual(['blocked'])
    expect(
      await env.DB.prepare('select status from license_keys where license_key = ?').bind(fresh).first(),
    ).toEqual({ status: 'available' })
  })
})

describe('a reissue', () => {
  it('is refused for a refunded key, and returns the same key when repeated', async () => {
    const order = await sell(1)
    await refund(order)
    expect(await reissueAt(order, 0)).toBeUndefined()
    await reinstate(order)
    const [old] = await keysWithReissuesOf(order)
    const fresh = await reissue(String(old?.licenseKey))
    expect(await reissue(String(old?.licenseKey))).toBe(fresh)
    expect(await statusesByPlace(order)).toEqual(['blocked, assigned'])
  })

  it('blocks the old key again if it was unblocked, even after a refund', async () => {
    const order = await sell(1)
    const [old] = await keysWithReissuesOf(order)
    const key = String(old?.licenseKey)
    const fresh = await reissue(key)
    expect(await call('update-license-key', key, { status: 'assigned' })).toBe(950)
    expect(await statusesByPlace(order)).toEqual(['assigned, assigned'])
    expect(await reissue(key)).toBe(fresh)
    expect(await statusesByPlace(order)).toEqual(['blocked, assigned'])

    await refund(order)
    expect(await call('update-license-key', key, { status: 'assigned' })).toBe(950)
    expect(await reissue(key)).toBe(fresh)
    expect(await statusesByPlace(order)).toEqual(['blocked, blocked'])
    await reinstate(order)
    expect(await statusesByPlace(order)).toEqual(['blocked, assigned'])
  })

  it('replaces a key that was returned to stock and sold again', async () => {
    const order = await sell(1)
    const [old] = await keysWithReissuesOf(order)
    const key = String(old?.licenseKey)
    const first = await reissue(key)
    expect(await call('update-license-key', key, { status: 'available' })).toBe(950)
    expect(await reissue(key)).toBeUndefined()
    await env.DB.prepare(
      `update license_keys set status = 'assigned', assigned_at = 2, owner_name = 'Bob', issuance_id =
         (select issuance_id from order_lines where order_id = ?) where license_key = ?`,
    )
      .bind(await sell(1), key)
      .run()
    const second = await reissue(key)
    expect(second).toBeDefined()
    expect(second).not.toBe(first)
    expect(await reissue(key)).toBe(second)
  })

  it('can be deleted, and later refunds still work', async () => {
    const order = await sell(1)
    const fresh = String(await reissueAt(order, 0))
    expect(await call('delete-license-key', fresh)).toBe(850)
    await refund(order)
    expect(await statusesByPlace(order)).toEqual(['blocked'])
  })

  it('of a key without an order is not part of any order', async () => {
    const order = await sell(1)
    const [sold] = await keysWithReissuesOf(order)
    const withoutOrder = String(sold?.licenseKey)
    await env.DB.prepare('update license_keys set issuance_id = null where license_key = ?')
      .bind(withoutOrder)
      .run()
    expect(await reissue(withoutOrder)).toBeDefined()
    expect(await keysWithReissuesOf(order)).toEqual([])
  })
})

describe('a renewal after a reissue', () => {
  it('extends both keys, until it is refunded', async () => {
    const offer = await addOffer()
    const subscription = newSubscription()
    const { order } = subscription
    await applyEvent(subscription.purchase(offer, 31))
    await reissueAt(order, 1)
    await applyEvent(subscription.renewal(31, 59))
    expect(await expiriesOf(order)).toEqual([59, 59, 59].map(day))
    await reissueAt(order, 1)
    await applyEvent(subscription.refund(31))
    expect(await expiriesOf(order)).toEqual([31, 31, 31, 31].map(day))
  })
})
