/**
 * Runs the steps of docs/recovery.md on local data: a backup, later changes, the loss of the database, the restore, and
 * the reconciliation with shops and providers.
 */
import { readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { parseEnv } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { SampleEvent, SampleOrder } from '../../scripts/webhook-samples/index.ts'
import { standardSamples } from '../../scripts/webhook-samples/standard.ts'
import { freePort, type Running, removeClone, run, startService } from './support/clone.ts'
import { cloneWithDatabase } from './support/keyseal.ts'
import { query, runShell } from './support/local-database.ts'
import { example } from './support/readme.ts'

const API_KEY = 'demo-api-key'
const DEMO_PRICE = 'price_demo'

/** Many commands, each of which takes seconds on a busy machine. */
vi.setConfig({ testTimeout: 300_000 })

interface Delivered {
  readonly name: string
  readonly order: string
}

let folder: string
let port: number
let service: Running
let receiver: Server
let receiverUrl: string
const delivered: Delivered[] = []

/** The events that providers have sent and can send again. */
const sent: SampleEvent[] = []

beforeAll(async () => {
  folder = cloneWithDatabase()
  port = await freePort()
  await start()
  receiver = createServer(async (request, response) => {
    const body = JSON.parse(await text(request))
    const order = body.original?.response.identifier ?? body.response.order.id
    delivered.push({ name: String(request.headers['webhook-id']), order })
    response.end()
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  receiverUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/keys`
  query(folder, `update products set delivery_webhook_url = '${receiverUrl}' where id = 1`)
})

afterAll(async () => {
  receiver?.close()
  await service?.interrupt()
  removeClone(folder)
})

async function start(): Promise<void> {
  service = await startService(folder, port, /\ncurl -s .*\n/)
}

interface Reply {
  readonly status: number
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: the fields depend on the code, and each test names the ones it expects.
  readonly response: any
}

async function post(path: string, body: BodyInit, headers: Record<string, string> = {}): Promise<Reply> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    body,
    headers: { Connection: 'close', ...headers },
  })
  const text = await answer.text()
  return { status: answer.status, text, response: JSON.parse(text).response }
}

function call(endpoint: string, fields: Record<string, string>, headers?: Record<string, string>) {
  return post(`/api/v1/${endpoint}`, new URLSearchParams({ api_key: API_KEY, ...fields }), headers)
}

/** An order of a shop. */
function issue(idempotencyKey: string): Promise<Reply> {
  const owner = { owner_name: 'Ada Lovelace', owner_email: 'ada@example.com' }
  const terms = { product_id: '1', quantity: '2', validity: '0', activation_limit: '0' }
  return call('random-assign-license-keys', { ...owner, ...terms }, { 'Idempotency-Key': idempotencyKey })
}

/** An order of a shop that gets a callback. */
function queue(identifier: string): Promise<Reply> {
  const terms = { product_id: '1', quantity: '3', validity: '0', activation_limit: '0' }
  return call('random-assign-license-keys-queued', { ...terms, identifier, webhook_url: receiverUrl })
}

/** Sends an event of a payment provider. @returns its outcome */
async function sendEvent(event: SampleEvent): Promise<string> {
  const secret = parseEnv(readFileSync(path.join(folder, '.dev.vars'), 'utf8')).STANDARD_WEBHOOK_SECRET ?? ''
  const headers = await standardSamples.sign(event, secret, Math.floor(Date.now() / 1000))
  const { status, response } = await post('/webhooks/standard', event.body, headers)
  expect(status).toBe(200)
  return response.outcome
}

function sendNewEvent(event: SampleEvent): Promise<string> {
  sent.push(event)
  return sendEvent(event)
}

function order(name: string): SampleOrder {
  return { order: name, externalId: DEMO_PRICE }
}

/** A purchase whose event exceeds D1's statement limit and contains characters that are hard to back up. */
function longPurchase(name: string): SampleEvent {
  const { id, body } = standardSamples.purchase(order(name))
  const fields = JSON.parse(body)
  fields.data.note = `it''s;\n -- "long" ${"'😀".repeat(40_000)}`
  return { id, body: `${JSON.stringify(fields, null, 1)}\r\n\u2028`.trim() }
}

interface OrderKey {
  readonly order: string
  readonly status: string
  readonly licenseKey: string
}

function keysOfOrders(): OrderKey[] {
  return query(
    folder,
    `select order_id as "order", license_keys.status, license_key as licenseKey from order_lines
     join license_keys using (issuance_id) order by order_id`,
  )
}

function deliveryIdOf(order: string): unknown {
  const [delivery] = query<{ id: number }>(
    folder,
    `select deliveries.id from deliveries join order_lines using (issuance_id) where order_id = '${order}'`,
  )
  return delivery?.id
}

async function waitForDeliveries(): Promise<void> {
  await expect
    .poll(() => query(folder, `select id from deliveries where channel <> 'email' and status = 'pending'`), {
      timeout: 30_000,
    })
    .toEqual([])
}

describe('after a backup, a loss and a restore:', () => {
  let kept: Reply
  let lost: Reply
  let keysBefore: OrderKey[]
  let eventsBefore: unknown[]
  let idBefore: unknown

  it('the backup is readable only by its owner, and overwrites no other backup', async () => {
    kept = await issue('shop-1')
    expect((await queue('queued-before')).response.code).toBe(807)
    await expect.poll(() => delivered.length, { timeout: 20_000 }).toBe(1)
    expect(await sendNewEvent(standardSamples.purchase(order('sold-before')))).toBe('issued')
    expect(await sendNewEvent(longPurchase('sold-before-too'))).toBe('issued')
    await waitForDeliveries()
    keysBefore = keysOfOrders()
    eventsBefore = query(folder, 'select event_id, payload from webhook_events order by id')

    runShell(folder, example('run: backup'))
    expect(statSync(path.join(folder, 'backup.sql')).mode & 0o077).toBe(0)
    const again = run(folder, 'bash', '-ec', example('run: backup'))
    expect(again.status).toBe(1)
    expect(again.output).toContain('backup.sql exists already')
  })

  it('all data is restored, including the longest text', async () => {
    expect(await sendNewEvent(standardSamples.purchase(order('sold-after')))).toBe('issued')
    expect(await sendNewEvent(standardSamples.refund(order('sold-before')))).toBe('revoked')
    lost = await issue('shop-2')
    await waitForDeliveries()
    idBefore = deliveryIdOf('sold-after')

    await service.interrupt()
    rmSync(path.join(folder, '.wrangler/state'), { recursive: true })
    runShell(folder, example('run: restore'))
    await start()

    expect(keysOfOrders()).toEqual(keysBefore)
    expect(query(folder, 'select event_id, payload from webhook_events order by id')).toEqual(eventsBefore)
    expect(query(folder, `select name from sqlite_schema where name like 'restore%'`)).toEqual([])
    expect((await issue('shop-1')).text).toBe(kept.text)
  })

  it('lost license keys are restored from signed responses', async () => {
    const lostKeys = lost.response.license_keys.map((key: { license_key: string }) => key.license_key)
    const use = { license_key: lostKeys[0], identifier: 'laptop' }
    expect((await call('verify', use)).response.code).toBe(210)
    const terms = { product_id: '1', status: 'assigned', activation_limit: '0', validity: '0' }
    const owner = { owner_name: 'Ada Lovelace', owner_email: 'ada@example.com' }
    const assigned = { assigned_at: lost.response.license_keys[0].assigned_at.slice(0, 19).replace('T', ' ') }
    const created = await call('create-license-keys', {
      license_keys: JSON.stringify(lostKeys),
      ...terms,
      ...owner,
      ...assigned,
    })
    expect(created.response).toMatchObject({ code: 900, created: 2, duplicate: 0 })
    expect((await call('activate', use)).response.code).toBe(300)
    expect((await call('verify', use)).response.code).toBe(200)
  })

  it('resending all payment events twice and backwards issues each order once', async () => {
    async function sendAll(events: readonly SampleEvent[]): Promise<string[]> {
      const outcomes = []
      for (const event of events) outcomes.push(await sendEvent(event))
      return outcomes
    }
    expect(await sendAll([...sent].reverse())).toEqual(['revoked', 'issued', 'issued', 'issued'])
    expect(await sendAll(sent)).toEqual(['issued', 'issued', 'issued', 'revoked'])
    // The provider or the seller reports the same sale in another event.
    expect(await sendEvent(standardSamples.purchase(order('sold-after')))).toBe('duplicate')

    const keyOf = (name: string) => keysBefore.find((key) => key.order === name)?.licenseKey
    expect(keysOfOrders()).toEqual([
      { order: 'sold-after', status: 'assigned', licenseKey: expect.any(String) },
      { order: 'sold-before', status: 'blocked', licenseKey: keyOf('sold-before') },
      { order: 'sold-before-too', status: 'assigned', licenseKey: keyOf('sold-before-too') },
    ])
  })

  it('a lost order of a shop is issued once, even if it is repeated', async () => {
    const first = await issue('shop-3')
    expect((await issue('shop-3')).text).toBe(first.text)
    expect(query(folder, `select count(*) as n from issuances where idempotency_key = 'shop-3'`)).toEqual([
      { n: 1 },
    ])
  })

  it('deliveries after the restore have new names, even if they reuse an id', async () => {
    await waitForDeliveries()
    expect(deliveryIdOf('sold-after')).toBe(idBefore)
    const orders = ['queued-before', 'sold-before', 'sold-before-too', 'sold-after', 'sold-after']
    expect(delivered.map(({ order }) => order)).toEqual(orders)
    expect(new Set(delivered.map(({ name }) => name)).size).toBe(orders.length)
  })
})
