/** Sends the requests of a task to a server and measures its answers. */
import autocannon, { type Options, type Result } from 'autocannon'
import type { Task, TaskRequest } from './tasks.ts'

export interface Measured {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
}

const REQUEST_SECONDS_MAX = 60

/** autocannon notices the end only when it takes a sample, which by default is once a second. */
const SAMPLE_MS = 100

/** The caller's address, as Cloudflare sends it. */
const ADDRESS = { 'CF-Connecting-IP': '203.0.113.7' }

/** @throws Error if a single response is not the expected one */
export async function sendLoad(origin: string, task: Task): Promise<Measured> {
  // Created before the clock starts. Each connection prepares one request more than it sends.
  const count = task.requests + task.connections
  const requests = await Promise.all(Array.from({ length: count }, task.makeRequest))
  const latenciesMs: number[] = []
  const { promise: finished, resolve, reject } = Promise.withResolvers<Result>()
  const options: Options = {
    url: origin + task.path,
    method: 'POST',
    amount: task.requests,
    connections: task.connections,
    timeout: REQUEST_SECONDS_MAX,
    sampleInt: SAMPLE_MS,
    verifyBody: (body) => String(body).startsWith(task.answer),
    requests: [
      {
        setupRequest(defaults) {
          const { headers, body } = requests.pop() as TaskRequest
          return { ...defaults, headers: { ...defaults.headers, ...ADDRESS, ...headers }, body }
        },
      },
    ],
  }
  const begun = performance.now()
  let ended = begun
  const cannon = autocannon(options, (error, result) => (error ? reject(error) : resolve(result)))
  cannon.on('response', (_client, _status, _bytes, latencyMs) => {
    latenciesMs.push(latencyMs)
    ended = performance.now() // autocannon's own end is that of its last sample.
  })
  const { '2xx': answered, mismatches } = await finished
  const seconds = (ended - begun) / 1000
  if (answered !== task.requests || mismatches > 0) {
    const failed = `${task.requests - answered} of ${task.requests} requests failed`
    throw new Error(`${task.name}: ${failed}, ${mismatches} answers were not as expected.`)
  }
  const sorted = latenciesMs.toSorted((one, other) => one - other)
  const percentile = (part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN
  return {
    requestsPerSecond: task.requests / seconds,
    p50Ms: percentile(0.5),
    p95Ms: percentile(0.95),
    p99Ms: percentile(0.99),
  }
}
