/**
 * What the Worker logs while a test runs. Every line of every test is kept here instead of being printed, and looked
 * through when its test ends (setup.ts): no test of any file can make the Worker log a secret or a person unnoticed.
 */
import * as z from 'zod/mini'
import { OUTCOMES } from '../../src/db/schema/index.ts'
import { ENDPOINTS } from '../../src/endpoints.ts'

type Line = Record<string, unknown>

/** Of the running test. */
let requests: string[] = []
let failures: string[] = []

const { log: print } = console

/** To be called once in a test file, before anything is logged. Whatever is no line of the Worker's is printed. */
export function captureLog(): void {
  const { error } = console
  console.log = (...told) => (isLine(told[0], 'info') ? requests.push(told[0]) : print(...told))
  console.error = (...told) => (isLine(told[0], 'error') ? failures.push(told[0]) : error(...told))
}

function isLine(told: unknown, level: string): told is string {
  return typeof told === 'string' && told.startsWith(`{"level":"${level}"`)
}

export function forgetLog(): void {
  requests = []
  failures = []
}

/** For whoever has to find out why a test failed. */
export function printLog(): void {
  for (const line of [...requests, ...failures]) print(line)
}

/** Everything that was logged in the running test, as one text. */
export function logText(): string {
  return [...requests, ...failures].join('\n')
}

/** The lines about requests that were answered, in the order in which they were written. */
export function requestLines(): Line[] {
  return requests.map((line) => JSON.parse(line))
}

/** The lines about failures, in the order in which they were written. */
export function failureLines(): Line[] {
  return failures.map((line) => JSON.parse(line))
}

const count = z.nullable(z.int().check(z.nonnegative()))

/** Besides the Worker's own endpoints: what app.test.ts lets fail. */
const PATHS = [...ENDPOINTS.map(({ path }) => path), '/bug']

/** Numbers, and texts that the Worker chooses from a list: nothing that anybody sent or was sent fits in. */
const REQUEST_LINE = z.strictObject({
  level: z.literal('info'),
  requestId: z.uuid(),
  method: z.enum(['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'other']),
  endpoint: z.nullable(z.enum(PATHS)),
  code: z.nullable(z.union([z.int(), z.literal('400')])),
  status: z.int(),
  apiKeyId: count,
  contractId: count,
  product: count,
  quantity: count,
  keys: count,
  outcome: z.nullable(z.enum(OUTCOMES)),
  roundTrips: count,
  rowsRead: count,
  rowsWritten: count,
  durationMs: count,
})

/** A failure is told in words, of our own or of the database. */
const WORDS = z
  .string()
  .check(
    z.refine(
      (text) => !/[^\s@]@[a-z]|[0-9a-f]{8}-[0-9a-f]{4}|[A-Za-z0-9+/]{40}|[0-9a-f]{32}|\bAda\b/i.test(text),
    ),
  )

const FAILURE_LINE = z.strictObject({
  level: z.literal('error'),
  requestId: z.union([z.uuid(), z.string().check(z.regex(/^[a-z-]+(?: [\w* ]+)?$/))]),
  error: z.string().check(z.regex(/^\w+$/)),
  message: z.optional(WORDS),
  at: z.optional(z.array(z.string())),
})

/** @returns what must not stand in a line of the log as it does; none: nothing is wrong with it */
export function faultsInLine(line: string): string[] {
  const parsed = z.union([REQUEST_LINE, FAILURE_LINE]).safeParse(JSON.parse(line))
  return parsed.success ? [] : [line]
}

/** All faults of the lines that were logged in the running test. */
export function faultsInLog(): string[] {
  return [...requests, ...failures].flatMap(faultsInLine)
}
