import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { post } from '../support/client.ts'
import { reissue } from '../support/reissues.ts'
import { addOffer, applyEvent, keysOf, purchaseOf, statusesOf } from '../support/sales.ts'
import { openShop } from '../support/shop.ts'
import { licenseKeyRow } from '../support/stock.ts'

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
