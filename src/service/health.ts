/**
 * `GET /health` and `GET /health/ready`, for uptime monitors. The response only names the parts that failed,
 * and what needs attention. The log contains the reasons, under the request id of the response.
 */
import { done, MONITOR } from '../callers/caller.ts'
import { bind, compileText, runMeasuredBatch } from '../db/batch.ts'
import { DatabaseStatementError, DatabaseUnavailableError } from '../db/errors.ts'
import { type Call, endpoint } from '../http/endpoint.ts'
import { logFailure } from '../platform/log.ts'
import { CODES } from '../protocol/codes.ts'
import { databaseLimitBytes } from './cron-runs.ts'
import { inspectSigningKeys } from './inspect-signing-keys.ts'
import { NEWEST_APPLIED, NEWEST_MIGRATION } from './migrations.ts'
import { selectWarnings, type Warning, warningsOf } from './warnings.ts'

/** The parts that `GET /health/ready` checks. */
export type Part = 'database' | 'migrations' | 'signing key'

type Readiness =
  | { readonly kind: 'ready'; readonly warnings: readonly Warning[] }
  | { readonly kind: 'not-ready'; readonly parts: readonly Part[] }

const FIELDS_WITHOUT_SIGNING_KEY = { not_ready: ['signing key'] satisfies Part[] }

/** Whether the Worker responds and can sign. Does not query the database. */
export const health = endpoint({
  method: 'GET',
  path: '/health',
  summary: 'Check that the service runs',
  caller: MONITOR,
  outcomes: { healthy: CODES.healthy },
  fieldsWithoutSigningKey: FIELDS_WITHOUT_SIGNING_KEY,
  handle: async ({ now }) => done({ kind: 'healthy' as const }, now),
})

/** Whether all signing keys are usable and published, and the database responds and is migrated. */
export const ready = endpoint({
  method: 'GET',
  path: '/health/ready',
  summary: 'Check that the service is ready',
  caller: MONITOR,
  outcomes: { ready: CODES.healthy, 'not-ready': CODES.serviceUnavailable },
  fieldsWithoutSigningKey: FIELDS_WITHOUT_SIGNING_KEY,

  async handle(call) {
    const unusable = await checkSigningKeys(call)
    const { parts: failed, warnings } = await checkDatabase(call)
    const parts = [...unusable, ...failed]
    return done<Readiness>(
      parts.length === 0 ? { kind: 'ready', warnings } : { kind: 'not-ready', parts },
      call.now,
    )
  },

  answer(outcome) {
    if (outcome.kind === 'not-ready') return { fields: { not_ready: outcome.parts } }
    return outcome.warnings.length > 0 ? { fields: { warnings: outcome.warnings } } : {}
  },
})

async function checkSigningKeys({ env, requestId }: Call<unknown>): Promise<Part[]> {
  const { faults } = await inspectSigningKeys(env)
  for (const fault of faults) logFailure(requestId, fault)
  return faults.length === 0 ? [] : ['signing key']
}

interface Checked {
  readonly parts: readonly Part[]
  readonly warnings: readonly Warning[]
}

async function checkDatabase({ db, env, now, requestId }: Call<unknown>): Promise<Checked> {
  try {
    const {
      rows: [[migrated], [counts = {}]],
      databaseBytes,
    } = await runMeasuredBatch(db, [bind(selectNewest, {}), selectWarnings(now)])
    if ((migrated?.newest ?? '') < NEWEST_MIGRATION) return failed('migrations')
    return { parts: [], warnings: warningsOf(counts, databaseBytes, databaseLimitBytes(env)) }
  } catch (error) {
    logFailure(requestId, error)
    if (error instanceof DatabaseUnavailableError) return failed('database')
    if (error instanceof DatabaseStatementError) return failed('migrations')
    throw error
  }
}

function failed(part: Part): Checked {
  return { parts: [part], warnings: [] }
}

const selectNewest = compileText<{ readonly newest: string | null }>(`select ${NEWEST_APPLIED} as newest`)
