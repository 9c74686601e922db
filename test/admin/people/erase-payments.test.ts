import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { periodStart } from '../../../scripts/webhook-samples/sample.ts'
import { standardSamples as samples } from '../../../scripts/webhook-samples/standard.ts'
import { woocommerceSamples } from '../../../scripts/webhook-samples/woocommerce.ts'
import { sendEmail } from '../../../src/deliveries/email.ts'
import { asOperator } from '../../support/admin.ts'
import { only, order, run, tablesWith } from '../../support/people.ts'
import { deliver, latestEvent, outcomeOf } from '../../support/provider-webhook.ts'
import { addOffer, deliveriesOf, keysOf, statusesOf } from '../../support/sales.ts'
import { openShop } from '../../support/shop.ts'

afterEach(() => {
  vi.useRealTimers()
})

const EMAIL = 'ada@example.com'
const PERSON = [EMAIL, 'Ada Lovelace']
const EMAILS = { EMAIL: { send: async () => ({ messageId: '1' }) }, EMAIL_FROM: 'keys@example.com' }

async function erase(email = EMAIL) {
  return (await asOperator('owner')).post('/people/erase', { email })
}

async function newOrder(provider = 'standard') {
  const { externalId } = await addOffer({ provider })
  return { order: String(Math.floor(Math.random() * 1e9)), externalId }
}

describe('a webhook that is sent again', () => {
  it('issues nothing and does not bring the person back', async () => {
    const sold = await newOrder()
    const event = samples.purchase(sold)
    expect(await outcomeOf(samples, event)).toBe('issued')
    expect((await erase()).status).toBe(200)
    expect(await tablesWith(...PERSON)).toEqual([])

    expect(await outcomeOf(samples, event)).toBe('issued')
    // The seller sends the same sale again in the dashboard, which is another event.
    expect(await outcomeOf(samples, samples.purchase(sold))).toBe('duplicate')
    expect(await tablesWith(...PERSON)).toEqual([])
    expect(await keysOf(sold.order)).toHaveLength(1)
  })

  it('sells nothing if it had not sold before', async () => {
    const unmapped = { order: 'o-unmapped', externalId: 'later' }
    const event = samples.purchase(unmapped)
    expect(await outcomeOf(samples, event)).toBe('unmapped')
    await erase()
    await addOffer({ externalId: 'later' })
    expect(await outcomeOf(samples, event)).toBe('ignored')
    expect(await latestEvent()).toMatchObject({ outcome: 'ignored', note: 'the buyer was erased' })
    expect(await keysOf('o-unmapped')).toEqual([])
    expect(await tablesWith(...PERSON)).toEqual([])
  })

  it('is not needed for a refund, which still blocks the license key', async () => {
    const sold = await newOrder()
    await deliver(samples, samples.purchase(sold))
    await erase()
    expect(await outcomeOf(samples, samples.refund(sold))).toBe('revoked')
    expect(await statusesOf(sold.order)).toEqual(['blocked'])
  })
})

it('an event with the address in another spelling is emptied, and others stay', async () => {
  const add = (id: string, payload: object | string) =>
    run(
      `insert into webhook_events (provider, event_id, type, mode, received_at, outcome, payload)
       values ('stripe', ?, 't', 'live', ?, 'ignored', ?)`,
      id,
      Date.now(),
      typeof payload === 'string' ? payload : JSON.stringify(payload),
    )
  await add('upper', { email: 'ZOë+1@EXAMPLE.COM' })
  await add('url', { url: 'https://pay.example/?email=zo%C3%AB%2B1%40example.com' })
  await add('php', String.raw`{"email":"zo\u00eb+1@example.com"}`)
  await add('dotnet', String.raw`{"email":"zo\u00EB\u002B1@example.com"}`)
  await add('other', { email: 'zoe1@example.com' })
  await erase('zoë+1@example.com')
  const { results } = await env.DB.prepare(
    `select event_id from webhook_events where provider = 'stripe' and payload is not null`,
  ).all()
  expect(results).toEqual([{ event_id: 'other' }])
})

it('an order that a plugin placed is still found by its webhook', async () => {
  const shop = await openShop()
  const { externalId } = await addOffer({ provider: 'woocommerce', productId: shop.productId })
  await order(shop, undefined, { identifier: '4711' })
  await erase()
  const event = woocommerceSamples.purchase({ order: '4711', externalId })
  expect(await outcomeOf(woocommerceSamples, event)).toBe('duplicate')
  expect(await keysOf('4711', 'woocommerce')).toHaveLength(2)
  expect(await tablesWith(...PERSON)).toEqual([])
})

describe('an e-mail that was not sent yet', () => {
  it('is canceled, also if a refund is taken back later', async () => {
    const sold = await newOrder()
    await deliver(samples, samples.purchase(sold), { bindings: EMAILS })
    await deliver(samples, samples.refund(sold), { bindings: EMAILS })
    await deliver(samples, samples.refundFailed?.(sold) ?? expect.fail(), { bindings: EMAILS })
    expect(await deliveriesOf(sold.order)).toEqual([{ channel: 'email', status: 'pending' }])
    await erase()
    expect(await deliveriesOf(sold.order)).toEqual([{ channel: 'email', status: 'cancelled' }])
    await deliver(samples, samples.disputeOpened?.(sold) ?? expect.fail(), { bindings: EMAILS })
    await deliver(samples, samples.disputeWon?.(sold) ?? expect.fail(), { bindings: EMAILS })
    expect(await statusesOf(sold.order)).toEqual(['assigned'])
    expect(await deliveriesOf(sold.order)).toEqual([{ channel: 'email', status: 'cancelled' }])
  })

  it('is never sent to the anonymous owner', async () => {
    const send = vi.fn()
    const contents = { recipient: 'erased@owner.invalid', keys: [{ status: 'assigned' }] } as never
    const bindings = { ...env, EMAIL: { send }, EMAIL_FROM: 'keys@example.com' }
    expect(await sendEmail(bindings, contents, 1000)).toMatchObject({ kind: 'cancelled' })
    expect(send).not.toHaveBeenCalled()
  })
})

describe('a running subscription', () => {
  it('refuses the erasure, names what to end, and changes nothing', async () => {
    const sold = { ...(await newOrder()), subscription: 'ada' }
    const now = periodStart(0)
    vi.useFakeTimers({ toFake: ['Date'], now: now + 1000 })
    await deliver(samples, samples.purchase({ ...sold, now }))
    const refused = await erase()
    expect(refused).toMatchObject({ status: 409, body: { code: 'subscription-running' } })
    expect(refused.body.detail).toContain(`subscription-ada of the order standard/${sold.order}`)
    expect(refused.body.detail).toContain(new Date(periodStart(1)).toISOString())
    expect(await only('select count(*) from erasures where email is not null')).toBe(0)
    expect(await tablesWith(EMAIL)).toEqual(['issuances', 'license_keys', 'webhook_events'])
  })

  it('that ended refuses nothing', async () => {
    const sold = { ...(await newOrder()), subscription: 'ada' }
    const now = periodStart(0)
    vi.useFakeTimers({ toFake: ['Date'], now: now + 5000 })
    expect((await erase()).status).toBe(409)
    await deliver(samples, samples.ended?.({ ...sold, now: now + 2000 }) ?? expect.fail())
    expect((await erase()).status).toBe(200)
    expect(await tablesWith(...PERSON)).toEqual([])
  })

  it('that was not paid any more refuses nothing', async () => {
    const sold = { ...(await newOrder()), subscription: 'grace' }
    await deliver(samples, samples.purchase({ ...sold, now: periodStart(0) }))
    vi.useFakeTimers({ toFake: ['Date'], now: periodStart(1) + 1 })
    expect((await erase()).status).toBe(200)
  })
})
