/**
 * `GET /health` and `GET /health/ready`: for whoever watches over the service. They tell what does not work by a word
 * and nothing else; why is in the log, under the answer's request id.
 */
import { DatabaseStatementError, DatabaseUnavailableError } from '../db/errors.ts'
import { metered } from '../db/metered.ts'
import { isMigrated } from '../db/migrated.ts'
import { logFailure } from '../platform/log.ts'
import { CODES } from '../protocol/codes.ts'
import type { Call, Endpoint } from '../protocol/endpoint.ts'
import { publishedKeys } from '../signing/published-keys.ts'
import { SigningKeyError } from '../signing/signing-keys.ts'

/** What a service needs to be of use. */
export type Part = 'database' | 'migrations' | 'signing key'

/** Whether the Worker answers and can sign what it says. The database is not asked. */
export const health: Endpoint = {
  method: 'GET',
  path: '/health',
  access: 'monitor',
  handle: async () => ({ code: CODES.healthy }),
}

/** Whether the service can do its work: every signing key is usable and published, the database answers and is migrated. */
export const ready: Endpoint = {
  method: 'GET',
  path: '/health/ready',
  access: 'monitor',
  async handle(call) {
    const missing = [...(await faultOfSigningKeys(call)), ...(await faultOfDatabase(call))]
    return missing.length === 0
      ? { code: CODES.healthy }
      : { code: CODES.serviceUnavailable, fields: { not_ready: missing } }
  },
}

async function faultOfSigningKeys({ settings, record }: Call): Promise<Part[]> {
  try {
    const { faults } = await publishedKeys(settings.signingSecrets)
    for (const fault of faults) logFailure(record.requestId, fault)
    return faults.length === 0 ? [] : ['signing key']
  } catch (error) {
    if (!(error instanceof SigningKeyError)) throw error
    logFailure(record.requestId, error)
    return ['signing key']
  }
}

async function faultOfDatabase({ settings, record }: Call): Promise<Part[]> {
  try {
    return (await isMigrated(metered(settings.db, record))) ? [] : ['migrations']
  } catch (error) {
    logFailure(record.requestId, error)
    if (error instanceof DatabaseUnavailableError) return ['database']
    if (error instanceof DatabaseStatementError) return ['migrations']
    throw error
  }
}
