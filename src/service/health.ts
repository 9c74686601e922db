/**
 * `GET /health` and `GET /health/ready`: for a program that watches the service. They name in one word what does not
 * work, and nothing else. The log says why, under the answer's request id.
 */
import { done, MONITOR } from '../callers/caller.ts'
import { compileText, runBatch } from '../db/batch.ts'
import { DatabaseStatementError, DatabaseUnavailableError } from '../db/errors.ts'
import { type Call, endpoint } from '../http/endpoint.ts'
import { logFailure } from '../platform/log.ts'
import { CODES } from '../protocol/codes.ts'
import { publishedKeys } from '../signing/published-keys.ts'
import { SigningKeyError, signingSecrets } from '../signing/signing-keys.ts'

/** What the service needs for its work. */
export type Part = 'database' | 'migrations' | 'signing key'

type Readiness = { readonly kind: 'ready' } | { readonly kind: 'not-ready'; readonly parts: readonly Part[] }

const FIELDS_WITHOUT_SIGNING_KEY = { not_ready: ['signing key'] satisfies Part[] }

/** Whether the Worker answers and can sign its answers. The database is not asked. */
export const health = endpoint({
  method: 'GET',
  path: '/health',
  summary: 'Check that the service runs',
  caller: MONITOR,
  outcomes: { healthy: CODES.healthy },
  fieldsWithoutSigningKey: FIELDS_WITHOUT_SIGNING_KEY,
  handle: async ({ now }) => done({ kind: 'healthy' as const }, now),
})

/** Whether the service can work: every signing key is usable and published, the database answers and is migrated. */
export const ready = endpoint({
  method: 'GET',
  path: '/health/ready',
  summary: 'Check that the service is ready',
  caller: MONITOR,
  outcomes: { ready: CODES.healthy, 'not-ready': CODES.serviceUnavailable },
  fieldsWithoutSigningKey: FIELDS_WITHOUT_SIGNING_KEY,

  async handle(call) {
    const parts = [...(await faultOfSigningKeys(call)), ...(await faultOfDatabase(call))]
    return done<Readiness>(parts.length === 0 ? { kind: 'ready' } : { kind: 'not-ready', parts }, call.now)
  },

  answer: (outcome) => (outcome.kind === 'not-ready' ? { fields: { not_ready: outcome.parts } } : {}),
})

async function faultOfSigningKeys({ env, requestId }: Call<unknown>): Promise<Part[]> {
  try {
    const { faults } = await publishedKeys(signingSecrets(env))
    for (const fault of faults) logFailure(requestId, fault)
    return faults.length === 0 ? [] : ['signing key']
  } catch (error) {
    if (!(error instanceof SigningKeyError)) throw error
    logFailure(requestId, error)
    return ['signing key']
  }
}

async function faultOfDatabase({ db, requestId }: Call<unknown>): Promise<Part[]> {
  try {
    return (await isMigrated(db)) ? [] : ['migrations']
  } catch (error) {
    logFailure(requestId, error)
    if (error instanceof DatabaseUnavailableError) return ['database']
    if (error instanceof DatabaseStatementError) return ['migrations']
    throw error
  }
}

/** The last file in the folder `migrations`, which this code is written for. */
export const NEWEST_MIGRATION = '0001_initial.sql'

/** Wrangler's own record of the migrations it has applied. */
const selectNewest = compileText<{ readonly newest: string | null }>(
  'select max(name) as newest from d1_migrations',
)

/**
 * Whether the database has every table that this code needs. One that is ahead is fine: it is migrated before the code
 * that needs it is deployed, and migrations remove nothing that code in use relies on.
 *
 * @throws DatabaseStatementError where it was never migrated
 * @throws DatabaseUnavailableError
 */
async function isMigrated(db: D1Database): Promise<boolean> {
  const [[row]] = await runBatch(db, [{ statement: selectNewest, values: {} }])
  return (row?.newest ?? '') >= NEWEST_MIGRATION
}
