import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { get } from '../support/administration.ts'
import { post } from '../support/client.ts'
import { reissue } from '../support/reissues.ts'
import { addOffer, applyEvent, keysOf, purchaseOf, statusesOf } from '../support/sales.ts'
import { openShop } from '../support/shop.ts'
import { licenseKeyRow } from '../support/stock.ts'
import { day, expiryDaysOf, newSubscription } from '../support/subscriptions.ts'

/** Sells two keys and returns functions that change the order or its first key. */
async function sellTwoKeys() {
  const shop = await openShop()
  const offer = await addOffer()
  const order = `order-${crypto.randomUUID()}`
  await applyEvent(purchaseOf(offer, order))
  const row = await env.DB.prepare(
    `select license_key as licenseKey from order_lines join license_keys using (issuance_id)
     where order_id = ? order by license_keys.id limit 1`,
  )
    .bind(order)
    .first<{ licenseKey: string }>()
  const reversal = (id: string) => ({ id: `${order}-${id}`, order })
  const licenseKey = String(row?.licenseKey)
  return {
    order,
    licenseKey,
    refund: (id = 'refund') =>
      applyEvent({ kind: 'refund', ...reversal(id), occurredAt: 1000, phase: 'beginning' }),
    reinstate: (id = 'refund') =>
      applyEvent({ kind: 'reinstatement', ...reversal(id), occurredAt: 2000, phase: 'end' }),
    async setStatus(status: string) {
      const fields = { api_key: shop.apiKey, license_key: licenseKey, status }
      const { response } = await post(fields, { path: '/api/v1/update-license-key' })
      expect(response.code).toBe(950)
    },
    async assign() {
      const fields = { api_key: shop.apiKey, license_key: licenseKey, owner_name: 'Grace Hopper' }
      const { response } = await post(fields, { path: '/api/v1/assign-license-key' })
      expect(response.code).toBe(800)
    },
  }
}

describe('refunds and reinstatements', () => {
  it('do not change a refunded key that an operator unblocked', async () => {
    const { order, refund, setStatus, reinstate } = await sellTwoKeys()
    await refund()
    await setStatus('assigned')
    expect(await statusesOf(order)).toEqual(['assigned', 'blocked'])
    await refund('dispute')
    expect(await statusesOf(order)).toEqual(['assigned', 'blocked'])
    await reinstate('dispute')
    await reinstate()
    expect(await statusesOf(order)).toEqual(['assigned', 'assigned'])
  })

  it('do not unblock a refunded key that an operator blocked', async () => {
    const { order, refund, setStatus, reinstate } = await sellTwoKeys()
    await refund()
    await setStatus('blocked')
    await reinstate()
    expect(await statusesOf(order)).toEqual(['blocked', 'assigned'])
  })

  it('do not unblock a key that an operator blocked before the refund', async () => {
    const { order, refund, setStatus, reinstate } = await sellTwoKeys()
    await setStatus('blocked')
    await refund()
    await reinstate()
    expect(await statusesOf(order)).toEqual(['blocked', 'assigned'])
  })

  it('keep the status that an operator set last', async () => {
    const { order, refund, setStatus, reinstate } = await sellTwoKeys()
    await setStatus('blocked')
    await refund()
    await setStatus('reserved')
    await reinstate()
    expect(await statusesOf(order)).toEqual(['reserved', 'assigned'])
  })

  it('exclude a key that returned to stock', async () => {
    const { order, refund, setStatus, reinstate } = await sellTwoKeys()
    await refund()
    await setStatus('available')
    expect(await keysOf(order)).toHaveLength(1)
    await reinstate()
    expect(await statusesOf(order)).toEqual(['assigned'])
  })
})

describe('a refunded key that was assigned to another owner', () => {
  it('stays assigned and can be reissued', async () => {
    const { order, licenseKey, refund, setStatus, assign, reinstate } = await sellTwoKeys()
    await refund()
    await setStatus('reserved')
    await assign()
    await refund('dispute')
    await reinstate()
    expect(await licenseKeyRow(licenseKey)).toMatchObject({
      status: 'assigned',
      owner_name: 'Grace Hopper',
      status_before_reversal: null,
    })
    expect(await statusesOf(order)).toEqual(['blocked'])
    expect(await reissue(licenseKey)).toBeDefined()
  })
})

describe('a key that an operator unblocked', () => {
  it('is blocked by the next refund after a reinstatement', async () => {
    const { order, refund, setStatus, reinstate } = await sellTwoKeys()
    await refund()
    await setStatus('assigned')
    await reinstate()
    await refund('dispute')
    expect(await statusesOf(order)).toEqual(['blocked', 'blocked'])
  })
})

describe('a validity that a caller sends for a key of a subscription', () => {
  async function sellSubscription() {
    const shop = await openShop()
    const offer = await addOffer({ mode: 'seats' })
    const subscription = newSubscription()
    await applyEvent(subscription.purchase(offer, 31), { now: day(0) })
    const row = await env.DB.prepare(
      `select license_key as licenseKey, license_keys.product_id as productId from order_lines
       join license_keys using (issuance_id) where order_id = ?`,
    )
      .bind(subscription.order)
      .first<{ licenseKey: string; productId: number }>()
    const { licenseKey, productId } = row as { licenseKey: string; productId: number }
    const update = async (fields: object) => {
      const parameters = { api_key: shop.apiKey, license_key: licenseKey, ...fields }
      const { response } = await post(parameters, { path: '/api/v1/update-license-key' })
      expect(response.code).toBe(950)
    }
    const expiry = async () => (await expiryDaysOf(subscription.order))[0]
    const validity = async () => {
      const fields = { api_key: shop.apiKey, product_id: String(productId) }
      const { response } = await get('/api/v1/get-license-keys', fields)
      return response.license_keys[0].validity
    }
    return { subscription, licenseKey, update, expiry, validity }
  }

  it('changes nothing if it is the one that it read', async () => {
    const { subscription, update, expiry, validity } = await sellSubscription()
    expect(await validity()).toBe(31)
    await update({ validity: 31, owner_name: 'Grace Hopper' })
    expect(await expiry()).toBe(31)
    await applyEvent(subscription.renewal(31, 59))
    expect(await validity()).toBe(59)
    await update({ validity: 59 })
    expect(await expiry()).toBe(59)
  })

  it('moves the expiry, also that of later payments and refunds', async () => {
    const { subscription, update, expiry, validity } = await sellSubscription()
    await update({ validity: 41 })
    expect([await expiry(), await validity()]).toEqual([41, 41])
    await applyEvent(subscription.renewal(31, 59))
    expect([await expiry(), await validity()]).toEqual([69, 69])
    await update({ validity: 64 })
    expect(await expiry()).toBe(64)
    await applyEvent(subscription.refund(31))
    expect(await expiry()).toBe(36)
    await update({ validity: 31 })
    await applyEvent(subscription.reinstatement(31))
    expect(await expiry()).toBe(59)
  })

  it('of 0 makes the key permanent, until another one is sent', async () => {
    const { subscription, update, expiry, validity } = await sellSubscription()
    await update({ validity: 0 })
    expect([await expiry(), await validity()]).toEqual([null, 0])
    await update({ validity: 0 })
    await applyEvent(subscription.renewal(31, 59))
    expect([await expiry(), await validity()]).toEqual([null, 0])
    await update({ validity: 61 })
    expect([await expiry(), await validity()]).toEqual([61, 61])
    await applyEvent(subscription.refund(31))
    expect(await expiry()).toBe(33)
  })

  it('counts from the time of assignment that is sent with it', async () => {
    const { update, expiry, validity } = await sellSubscription()
    await update({ validity: 20, assigned_at: '2026-01-11 00:00:00' })
    expect([await expiry(), await validity()]).toEqual([30, 20])
    await update({ assigned_at: '2026-01-21 00:00:00' })
    expect([await expiry(), await validity()]).toEqual([30, 10])
  })

  it('stays with a key that returns to stock, which follows no subscription', async () => {
    const { subscription, licenseKey, update } = await sellSubscription()
    await update({ status: 'available', validity: 10 })
    await applyEvent(subscription.renewal(31, 59))
    expect(await licenseKeyRow(licenseKey)).toMatchObject({
      validity_days: 10,
      expires_at: null,
      correction_days: null,
    })
  })

  it('is kept by a reissued key', async () => {
    const { subscription, licenseKey, update } = await sellSubscription()
    await update({ validity: 41 })
    const fresh = String(await reissue(licenseKey))
    expect(await licenseKeyRow(fresh)).toMatchObject({ validity_days: 41, expires_at: day(41) })
    await applyEvent(subscription.renewal(31, 59))
    expect(await licenseKeyRow(fresh)).toMatchObject({ validity_days: 41, expires_at: day(69) })
  })
})

describe('a key of a subscription', () => {
  it('is expired from the millisecond of its expiry, and tells it', async () => {
    const shop = await openShop()
    const offer = await addOffer({ mode: 'seats' })
    const subscription = newSubscription()
    const endsAt = Date.now() + 86_400_000
    const period = { subscription: subscription.name, payment: subscription.order, paidAt: 1, endsAt }
    await applyEvent(subscription.purchase(offer, undefined, { period }))
    const row = await env.DB.prepare(
      'select license_key as licenseKey from license_keys order by id desc limit 1',
    ).first<{ licenseKey: string }>()
    const use = async (endpoint: string) => {
      const fields = { api_key: shop.apiKey, license_key: String(row?.licenseKey), identifier: 'laptop' }
      return (await post(fields, { path: `/api/v1/${endpoint}` })).response
    }
    expect((await use('activate')).code).toBe(300)
    const expiry = new Date(endsAt).toISOString().slice(0, 19).replace('T', ' ')
    expect(JSON.stringify(await use('get-license-key-details'))).toContain(`"expires_at":"${expiry}"`)
    await applyEvent(subscription.report(0, { endedAt: Date.now() }))
    expect((await use('verify')).code).toBe(205)
  })
})
