/** The requests of the benchmark. */
import { standardSamples } from '../scripts/webhook-samples/standard.ts'
import { API_KEY, LICENSE_KEYS, licenseKeyOf, OFFER, PRODUCT_ID } from './database.ts'

export interface Task {
  readonly name: string
  readonly path: `/${string}`
  /**
   * Requests per round: enough for a second or two, because shorter rounds measure the machine's other work. Only a few
   * for large orders, because they make the database grow.
   */
  readonly requests: number
  /** Concurrent requests. */
  readonly connections: number
  /** License keys per request; 0 if the task is not an order. */
  readonly keys: number
  /** The beginning of the expected response. */
  readonly answer: string
  readonly makeRequest: () => TaskRequest | Promise<TaskRequest>
}

export interface TaskRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }

/** @param quantity license keys */
export function orderForm(quantity: number): string {
  return new URLSearchParams({
    api_key: API_KEY,
    product_id: String(PRODUCT_ID),
    owner_name: 'Ada Lovelace',
    owner_email: 'ada@example.com',
    quantity: String(quantity),
    validity: '365',
    activation_limit: '3',
  }).toString()
}

function order(keys: number, requests: number, connections: number): Task {
  return {
    name: `order, ${keys.toLocaleString('en')} ${keys === 1 ? 'key' : 'keys'}`,
    path: '/api/v1/random-assign-license-keys',
    requests,
    connections,
    keys,
    answer: '{"response":{"code":803,',
    makeRequest: () => ({
      headers: { ...FORM, 'Idempotency-Key': crypto.randomUUID() },
      body: orderForm(keys),
    }),
  }
}

/** A random stored key, so that each gets only a few activations. */
function keyForm(identifierOf: (index: number) => string): string {
  const index = Math.floor(Math.random() * LICENSE_KEYS)
  return new URLSearchParams({
    api_key: API_KEY,
    license_key: licenseKeyOf(index),
    identifier: identifierOf(index),
  }).toString()
}

const small = { requests: 500, connections: 4, keys: 0 }

export const ORDER_OF_ONE = order(1, small.requests, small.connections)

export const ORDER_OF_100 = order(100, 80, 4)
export const ORDER_OF_1000 = order(1_000, 16, 4)
export const ORDER_OF_10000 = order(10_000, 2, 1)
export const LARGER_ORDERS = [order(10, 200, 4), ORDER_OF_100, ORDER_OF_1000, ORDER_OF_10000]

export const VERIFY: Task = {
  ...small,
  name: 'verify',
  path: '/api/v1/verify',
  answer: '{"response":{"code":200,',
  makeRequest: () => ({ headers: FORM, body: keyForm((index) => `device-${index}`) }),
}

export const ACTIVATE: Task = {
  ...small,
  name: 'activate',
  path: '/api/v1/activate',
  answer: '{"response":{"code":300,',
  makeRequest: () => ({
    headers: { ...FORM, 'Idempotency-Key': crypto.randomUUID() },
    body: keyForm(() => crypto.randomUUID()),
  }),
}

/** The license file of a device that is already active. */
export const CHECK_OUT: Task = {
  ...small,
  name: 'check-out',
  path: '/api/v1/check-out',
  answer: '{"response":{"code":2210,',
  makeRequest: () => ({ headers: FORM, body: keyForm((index) => `device-${index}`) }),
}

export const PAID_WEBHOOK: Task = {
  ...small,
  name: 'paid webhook',
  path: '/webhooks/standard',
  answer: '{"response":{"code":2200,"message":"Webhook received","outcome":"issued",',
  async makeRequest() {
    const event = standardSamples.purchase({ order: crypto.randomUUID(), externalId: OFFER })
    const seconds = Math.floor(Date.now() / 1000)
    return { headers: await standardSamples.sign(event, standardSamples.secret, seconds), body: event.body }
  },
}

/** Tasks with at most one license key. */
export const SMALL_TASKS = [ORDER_OF_ONE, VERIFY, ACTIVATE, CHECK_OUT, PAID_WEBHOOK]

/** Tasks that take longer if many keys are stored. */
export const GROWING_ORDERS = [ORDER_OF_ONE, ORDER_OF_100, ORDER_OF_1000]

/** The task with another number of requests, at least one. */
export function withRequests(task: Task, wanted: number): Task {
  const requests = Math.max(1, Math.ceil(wanted))
  return { ...task, requests, connections: Math.min(task.connections, requests) }
}
