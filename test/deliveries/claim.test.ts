import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { abandonDelivery, claimDelivery, concludeAttempt, deliver } from '../../src/deliveries/deliver.ts'
import { LEASE_MS } from '../../src/queue/messages.ts'
import { addDelivery, deliveryRow, ISSUED_AT, type TestDelivery } from '../support/delivery.ts'
import { failureLines } from '../support/log.ts'
import { observe } from '../support/observed-database.ts'
import { requestsTo, stubResponses } from '../support/outbound.ts'

/** An attempt that crashes before it stores its result. */
async function crash({ id }: TestDelivery, now: number): Promise<void> {
  expect(await claimDelivery(env, id, now)).toBeDefined()
}

describe('a delivery', () => {
  it('is sent once by concurrent consumers', async () => {
    const delivery = await addDelivery()
    await stubResponses(delivery.url, { delayMs: 50 })
    const now = Date.now()
    await Promise.all(Array.from({ length: 10 }, () => deliver(env, delivery.id, now)))
    expect(await requestsTo(delivery.url)).toHaveLength(1)
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'delivered', attempts: 1 })
  })

  it('is not sent before it is due', async () => {
    const delivery = await addDelivery({ dueAt: ISSUED_AT + 1 })
    expect(await deliver(env, delivery.id, ISSUED_AT)).toEqual({ kind: 'done' })
    expect(await requestsTo(delivery.url)).toEqual([])
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'pending', attempts: 0 })
  })

  it.each(['delivered', 'failed', 'cancelled'] as const)('is not sent if it is %s', async (status) => {
    const delivery = await addDelivery({ status })
    expect(await deliver(env, delivery.id, Date.now())).toEqual({ kind: 'done' })
    expect(await requestsTo(delivery.url)).toEqual([])
    expect(await deliveryRow(delivery)).toMatchObject({ status, attempts: 0 })
  })

  it('is ignored if it does not exist', async () => {
    expect(await deliver(env, 2 ** 40, Date.now())).toEqual({ kind: 'done' })
  })

  it('is sent again with the same webhook-id after a crashed consumer loses its lease', async () => {
    const delivery = await addDelivery()
    await stubResponses(delivery.url, {})
    const now = Date.now()
    await crash(delivery, now)
    await deliver(env, delivery.id, now + LEASE_MS - 1)
    expect(await requestsTo(delivery.url)).toEqual([])
    await deliver(env, delivery.id, now + LEASE_MS)
    const [request] = await requestsTo(delivery.url)
    expect(request?.headers['webhook-id']).toBe(delivery.name)
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'delivered', attempts: 2 })
  })

  it('fails if its consumer crashed in the last attempt', async () => {
    const delivery = await addDelivery({ attempts: 12 })
    await stubResponses(delivery.url, {})
    await crash(delivery, ISSUED_AT)
    await deliver(env, delivery.id, ISSUED_AT + LEASE_MS)
    expect(await requestsTo(delivery.url)).toEqual([])
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'failed', last_result: 'interrupted' })
    expect(failureLines()).toHaveLength(1)
  })

  it('stays canceled if it is canceled while it is being sent', async () => {
    const delivery = await addDelivery()
    await stubResponses(delivery.url, { status: 500, delayMs: 100 })
    const sending = deliver(env, delivery.id, Date.now())
    while ((await requestsTo(delivery.url)).length === 0) await scheduler.wait(5)
    await env.DB.prepare(`update deliveries set status = 'cancelled' where id = ?`).bind(delivery.id).run()
    await sending
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'cancelled', last_result: null })
  })

  it('needs two round trips to the database for any number of keys', async () => {
    const delivery = await addDelivery({ quantity: 50 })
    await stubResponses(delivery.url, {})
    const { db, roundTrips } = observe(env.DB)
    await deliver({ ...env, DB: db }, delivery.id, Date.now())
    expect(roundTrips.map(({ statements }) => statements)).toEqual([4, 1])
  })
})

describe('the result of an attempt', () => {
  it('does not overwrite the result of a later one', async () => {
    const delivery = await addDelivery()
    const late = await claimDelivery(env, delivery.id, ISSUED_AT)
    const later = await claimDelivery(env, delivery.id, ISSUED_AT + LEASE_MS)
    if (!late || !later) throw new Error('An attempt was not claimed.')
    await concludeAttempt(env, late, { status: 'failed', result: 'late' }, ISSUED_AT + LEASE_MS + 1)
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'pending', attempts: 2, last_result: null })
    await concludeAttempt(env, later, { status: 'delivered', result: 'later' }, ISSUED_AT + LEASE_MS + 2)
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'delivered', last_result: 'later' })
  })

  it('is stored even if the response of the database is lost', async () => {
    const delivery = await addDelivery()
    const contents = await claimDelivery(env, delivery.id, ISSUED_AT)
    if (!contents) throw new Error('The delivery was not claimed.')
    let failures = 0
    const { db } = observe(env.DB, {
      after() {
        if (failures++ === 0) throw new Error('D1_ERROR: Network connection lost.')
      },
    })
    await concludeAttempt(
      { ...env, DB: db },
      contents,
      { status: 'delivered', result: 'HTTP 200' },
      ISSUED_AT + 1,
    )
    expect(failures).toBe(2)
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'delivered', attempts: 1 })
  })

  it.each(['delivered', 'cancelled'] as const)('is kept when a %s delivery is abandoned', async (status) => {
    const delivery = await addDelivery({ status })
    await abandonDelivery(env, delivery.id, ISSUED_AT)
    expect(await deliveryRow(delivery)).toMatchObject({ status, last_result: null })
  })
})
