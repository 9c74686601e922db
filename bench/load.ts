/** Sends orders to a server and measures its answers. */
import autocannon, { type Options, type Result } from 'autocannon'

export interface Load {
  /** How many requests. */
  readonly requests: number
  /** How many at the same time. */
  readonly connections: number
  /** License keys a request. */
  readonly quantity: number
  /** The same for every request: all but the first are replays. Left out: each is a new order. */
  readonly idempotencyKey?: string
}

export interface Measured {
  readonly requestsPerSecond: number
  readonly keysPerSecond: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
}

const REQUEST_SECONDS_MAX = 60

/** What every Worker of the bench is asked for. */
export function orderForm(quantity: number): string {
  return new URLSearchParams({
    api_key: 'bench-api-key',
    product_id: '1',
    owner_name: 'Ada Lovelace',
    owner_email: 'ada@example.com',
    quantity: String(quantity),
    validity: '365',
    activation_limit: '3',
  }).toString()
}

/** @throws Error where a single answer is not the one that was asked for */
export async function sendLoad(origin: string, load: Load): Promise<Measured> {
  const latenciesMs: number[] = []
  const begun = performance.now()
  const { promise: finished, resolve, reject } = Promise.withResolvers<Result>()
  const options: Options = {
    url: `${origin}/api/v1/random-assign-license-keys`,
    method: 'POST',
    amount: load.requests,
    connections: load.connections,
    timeout: REQUEST_SECONDS_MAX,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: orderForm(load.quantity),
    requests: [
      {
        setupRequest: (request) => ({
          ...request,
          headers: { ...request.headers, 'idempotency-key': load.idempotencyKey ?? crypto.randomUUID() },
        }),
      },
    ],
  }
  let ended = begun
  const cannon = autocannon(options, (error, result) => (error ? reject(error) : resolve(result)))
  cannon.on('response', (_client, _status, _bytes, latencyMs) => {
    latenciesMs.push(latencyMs)
    ended = performance.now() // Its own clock only ticks once a second.
  })
  const result = await finished
  const seconds = (ended - begun) / 1000
  if (result['2xx'] !== load.requests) {
    throw new Error(`${load.requests} requests were sent, and ${result['2xx']} answered well.`)
  }
  const sorted = latenciesMs.toSorted((one, other) => one - other)
  const percentile = (part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN
  return {
    requestsPerSecond: load.requests / seconds,
    keysPerSecond: (load.requests * load.quantity) / seconds,
    p50Ms: percentile(0.5),
    p95Ms: percentile(0.95),
    p99Ms: percentile(0.99),
  }
}
