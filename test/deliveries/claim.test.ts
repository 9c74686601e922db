import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { abandonDelivery, claimDelivery, concludeAttempt, deliver } from '../../src/deliveries/deliver.ts'
import { LEASE_MS } from '../../src/queue/messages.ts'
import { addDelivery, deliveryRow, ISSUED_AT, type TestDelivery } from '../support/delivery.ts'
import { failureLines } from '../support/log.ts'
import { observe } from '../support/observed-database.ts'
import { requestsTo, stubResponses } from '../support/outbound.ts'

/** An attempt that dies before it can say what came of it. */
async function die({ id }: TestDelivery, now: number): Promise<void> {
  expect(await claimDelivery(env, id, now)).toBeDefined()
}

describe('a delivery', () => {
  it('that many want to send at once is sent once', async () => {
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

  it.each(['delivered', 'failed', 'cancelled'] as const)('that is %s is not sent', async (status) => {
    const delivery = await addDelivery({ status })
    expect(await deliver(env, delivery.id, Date.now())).toEqual({ kind: 'done' })
    expect(await requestsTo(delivery.url)).toEqual([])
    expect(await deliveryRow(delivery)).toMatchObject({ status, attempts: 0 })
  })

  it('that does not exist is nothing to do', async () => {
    expect(await deliver(env, 2 ** 40, Date.now())).toEqual({ kind: 'done' })
  })

  it('whose sender died is sent again under the same webhook-id, once the lease has ended and not before', async () => {
    const delivery = await addDelivery()
    await stubResponses(delivery.url, {})
    const now = Date.now()
    await die(delivery, now)
    await deliver(env, delivery.id, now + LEASE_MS - 1)
    expect(await requestsTo(delivery.url)).toEqual([])
    await deliver(env, delivery.id, now + LEASE_MS)
    const [request] = await requestsTo(delivery.url)
    expect(request?.headers['webhook-id']).toBe(delivery.name)
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'delivered', attempts: 2 })
  })

  it('whose sender died in the last attempt is not sent for ever', async () => {
    const delivery = await addDelivery({ attempts: 12 })
    await stubResponses(delivery.url, {})
    await die(delivery, ISSUED_AT)
    await deliver(env, delivery.id, ISSUED_AT + LEASE_MS)
    expect(await requestsTo(delivery.url)).toEqual([])
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'failed', last_result: 'interrupted' })
    expect(failureLines()).toHaveLength(1)
  })

  it('that is cancelled while it is sent stays cancelled', async () => {
    const delivery = await addDelivery()
    await stubResponses(delivery.url, { status: 500, delayMs: 100 })
    const sending = deliver(env, delivery.id, Date.now())
    while ((await requestsTo(delivery.url)).length === 0) await scheduler.wait(5)
    await env.DB.prepare(`update deliveries set status = 'cancelled' where id = ?`).bind(delivery.id).run()
    await sending
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'cancelled', last_result: null })
  })

  it('costs two round trips to the database, whatever the number of keys', async () => {
    const delivery = await addDelivery({ quantity: 50 })
    await stubResponses(delivery.url, {})
    const { db, roundTrips } = observe(env.DB)
    await deliver({ ...env, DB: db }, delivery.id, Date.now())
    expect(roundTrips.map(({ statements }) => statements)).toEqual([3, 1])
  })
})

describe('what came of an attempt', () => {
  it('is not written over what came of a later one', async () => {
    const delivery = await addDelivery()
    const late = await claimDelivery(env, delivery.id, ISSUED_AT)
    const later = await claimDelivery(env, delivery.id, ISSUED_AT + LEASE_MS)
    if (!late || !later) throw new Error('Both were due.')
    await concludeAttempt(env, late, { status: 'failed', result: 'late' }, ISSUED_AT + LEASE_MS + 1)
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'pending', attempts: 2, last_result: null })
    await concludeAttempt(env, later, { status: 'delivered', result: 'later' }, ISSUED_AT + LEASE_MS + 2)
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'delivered', last_result: 'later' })
  })

  it('survives that the database loses its answer', async () => {
    const delivery = await addDelivery()
    const contents = await claimDelivery(env, delivery.id, ISSUED_AT)
    if (!contents) throw new Error('It was due.')
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

  it.each(['delivered', 'cancelled'] as const)('is not given up once it is %s', async (status) => {
    const delivery = await addDelivery({ status })
    await abandonDelivery(env, delivery.id, ISSUED_AT)
    expect(await deliveryRow(delivery)).toMatchObject({ status, last_result: null })
  })
})
