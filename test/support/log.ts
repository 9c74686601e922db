/**
 * Captures what the Worker logs during a test. `setup.ts` checks every line after every test, so a test fails if the
 * Worker logs a secret or personal data.
 */
import * as z from 'zod/mini'
import { ADMIN_PATH } from '../../src/admin/app.ts'
import { ADMIN_ENDPOINTS } from '../../src/admin/endpoints.ts'
import { PROBLEMS } from '../../src/admin/problems.ts'
import { ROUTES } from '../../src/app.ts'
import { OUTCOMES } from '../../src/db/schema/index.ts'

type Line = Record<string, unknown>

/** The lines of the running test. */
let requests: string[] = []
let failures: string[] = []
let warnings: string[] = []

const { log: print } = console

/** Call this once per test file, before anything is logged. Lines that are not the Worker's are printed. */
export function captureLog(): void {
  const { error, warn } = console
  console.log = (...values) => (isLine(values[0], 'info') ? requests.push(values[0]) : print(...values))
  console.warn = (...values) => (isLine(values[0], 'warning') ? warnings.push(values[0]) : warn(...values))
  console.error = (...values) => (isLine(values[0], 'error') ? failures.push(values[0]) : error(...values))
}

function isLine(value: unknown, level: string): value is string {
  return typeof value === 'string' && value.startsWith(`{"level":"${level}"`)
}

export function clearLog(): void {
  requests = []
  warnings = []
  failures = []
}

export function printLog(): void {
  for (const line of [...requests, ...warnings, ...failures]) print(line)
}

/** All lines of the running test, as one text. */
export function logText(): string {
  return [...requests, ...warnings, ...failures].join('\n')
}

/** The lines about requests and jobs, in the order in which they were logged. */
export function requestLines(): Line[] {
  return requests.map((line) => JSON.parse(line))
}

/** The lines about failures, in the order in which they were logged. */
export function failureLines(): Line[] {
  return failures.map((line) => JSON.parse(line))
}

/** The lines about risks, in the order in which they were logged. */
export function warningLines(): Line[] {
  return warnings.map((line) => JSON.parse(line))
}

const count = z.nullable(z.int().check(z.nonnegative()))

/** Of one event, or the different ones of several. A report about an e-mail is `recorded`, or ignored. */
const outcomes = z
  .string()
  .check(
    z.refine((text) =>
      text.split(', ').every((outcome) => z.enum([...OUTCOMES, 'recorded']).safeParse(outcome).success),
    ),
  )

/** The page at `/`, the Worker's endpoints, and a path of app.test.ts that throws. */
const PATHS = [
  '/',
  ...ROUTES.map(({ path }) => path),
  ...ADMIN_ENDPOINTS.map(({ path }) => `${ADMIN_PATH}${path}`),
  '/bug',
]

/** Only numbers, and texts from fixed lists: nothing from a request or response fits. */
const REQUEST_LINE = z.strictObject({
  level: z.literal('info'),
  requestId: z.uuid(),
  method: z.enum(['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'other']),
  endpoint: z.nullable(z.enum(PATHS)),
  code: z.nullable(z.union([z.int(), z.literal('400'), z.enum(Object.keys(PROBLEMS))])),
  status: z.int(),
  apiKeyId: count,
  contractId: count,
  operatorId: count,
  product: count,
  quantity: count,
  keys: count,
  outcome: z.nullable(outcomes),
  roundTrips: count,
  rowsRead: count,
  rowsWritten: count,
  durationMs: count,
})

/** The nightly line about the database. */
const JOB_LINE = z.strictObject({
  level: z.literal('info'),
  job: z.literal('database size'),
  databaseBytes: count,
  limitBytes: count,
  bytesPerDay: z.nullable(z.int()),
  daysLeft: count,
  newestIds: z.record(
    z.enum(['issuances', 'licenseKeys', 'activations', 'webhookEvents', 'deliveries']),
    count,
  ),
})

/** A message of the Worker or the database, without e-mail addresses, UUIDs, keys and names. */
const MESSAGE = z
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
  message: z.optional(MESSAGE),
  at: z.optional(z.array(z.string())),
})

const WARNING_LINE = z.strictObject({ level: z.literal('warning'), requestId: z.uuid(), message: MESSAGE })

/** @returns the line if it must not be logged; otherwise nothing */
export function violationsInLine(line: string): string[] {
  const parsed = z.union([REQUEST_LINE, JOB_LINE, WARNING_LINE, FAILURE_LINE]).safeParse(JSON.parse(line))
  return parsed.success ? [] : [line]
}

export function violationsInLog(): string[] {
  return [...requests, ...warnings, ...failures].flatMap(violationsInLine)
}
