import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { post } from '../support/client.ts'
import { reissue } from '../support/reissues.ts'
import { addOffer, keysOf, purchaseOf, statusesOf, tell } from '../support/sales.ts'
import { openShop } from '../support/shop.ts'
import { licenseKeyRow } from '../support/stock.ts'

/** An order of two keys, and what may happen to it and to the first of its keys. */
async function sell() {
  const shop = await openShop()
  const offer = await addOffer()
  const order = `order-${crypto.randomUUID()}`
  await tell(purchaseOf(offer, order))
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
      tell({ kind: 'refund', ...reversal(id), occurredAt: 1000, phase: 'beginning' }),
    reinstate: (id = 'refund') =>
      tell({ kind: 'reinstatement', ...reversal(id), occurredAt: 2000, phase: 'end' }),
    async correct(status: string) {
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

describe('a key whose payment was taken back', () => {
  it('may be unblocked by hand, stays so at the next refund, and when the payment is given back', async () => {
    const { order, refund, correct, reinstate } = await sell()
    await refund()
    await correct('assigned')
    expect(await statusesOf(order)).toEqual(['assigned', 'blocked'])
    await refund('dispute')
    expect(await statusesOf(order)).toEqual(['assigned', 'blocked'])
    await reinstate('dispute')
    await reinstate()
    expect(await statusesOf(order)).toEqual(['assigned', 'assigned'])
  })

  it('may be blocked by hand, and stays blocked when the payment is given back', async () => {
    const { order, refund, correct, reinstate } = await sell()
    await refund()
    await correct('blocked')
    await reinstate()
    expect(await statusesOf(order)).toEqual(['blocked', 'assigned'])
  })

  it('stays blocked where it was blocked by hand before', async () => {
    const { order, refund, correct, reinstate } = await sell()
    await correct('blocked')
    await refund()
    await reinstate()
    expect(await statusesOf(order)).toEqual(['blocked', 'assigned'])
  })

  it('that was blocked by hand before and unblocked since stays so when the payment is given back', async () => {
    const { order, refund, correct, reinstate } = await sell()
    await correct('blocked')
    await refund()
    await correct('reserved')
    await reinstate()
    expect(await statusesOf(order)).toEqual(['reserved', 'assigned'])
  })

  it('may be put back to stock: the order has it no longer, whatever becomes of the payment', async () => {
    const { order, refund, correct, reinstate } = await sell()
    await refund()
    await correct('available')
    expect(await keysOf(order)).toHaveLength(1)
    await reinstate()
    expect(await statusesOf(order)).toEqual(['assigned'])
  })
})

describe('a key whose payment was taken back and that was assigned to somebody else', () => {
  it('owes the order nothing: it stays assigned, and can be reissued', async () => {
    const { order, licenseKey, refund, correct, assign, reinstate } = await sell()
    await refund()
    await correct('reserved')
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

describe('a key that was unblocked by hand and whose payment was given back', () => {
  it('is blocked by the next refund', async () => {
    const { order, refund, correct, reinstate } = await sell()
    await refund()
    await correct('assigned')
    await reinstate()
    await refund('dispute')
    expect(await statusesOf(order)).toEqual(['blocked', 'blocked'])
  })
})
