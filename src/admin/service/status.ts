/**
 * `GET /admin/v1/status`: whether the service works, and the command that fixes each fault. It answers also if a setting is
 * wrong or the database is not migrated, and contains no secret.
 */
import packageJson from '../../../package.json' with { type: 'json' }
import type { Result } from '../../callers/caller.ts'
import { runMeasuredQuery, runQuery } from '../../callers/query.ts'
import { DatabaseStatementError } from '../../db/errors.ts'
import { logFailure } from '../../platform/log.ts'
import { type Bindings, SettingError } from '../../platform/settings.ts'
import { databaseLimitBytes, growthOf } from '../../service/cron-runs.ts'
import { inspectSigningKeys } from '../../service/inspect-signing-keys.ts'
import { warningsOf } from '../../service/warnings.ts'
import type { PublicKey } from '../../signing/keys.ts'
import { type AdminCall, adminEndpoint } from '../endpoint.ts'
import { isoInstant } from '../fields.ts'
import { type Check, statusOf } from './checks.ts'
import { checkContents, checkMigrations, checkWarnings } from './database-checks.ts'
import {
  checkDeliveryChannels,
  checkQueues,
  checkSettings,
  checkSigningKeys,
  checkWebhookSecrets,
  secretStates,
} from './setting-checks.ts'
import { type Facts, factValues, STATUS_RIGHTS, selectCaller, selectFacts } from './status-facts.ts'

interface Status {
  readonly kind: 'status'
  readonly body: object
}

type Read = Result<Facts | { readonly kind: 'unmigrated' }>

export const showStatus = adminEndpoint({
  method: 'GET',
  path: '/status',
  summary: 'Show whether the service works',
  ...STATUS_RIGHTS,
  problems: {},
  async handle(call): Promise<Result<Status>> {
    const { result, databaseBytes } = await readFacts(call)
    if (result.kind === 'refused') return result
    const facts = result.outcome.kind === 'found' ? result.outcome : undefined
    return { ...result, outcome: { kind: 'status', body: await bodyOf(call, facts, databaseBytes) } }
  },
  answer: ({ body }) => ({ body }),
})

/** A database that lacks a table needs a second round trip. */
async function readFacts(call: AdminCall): Promise<{ result: Read; databaseBytes: number }> {
  try {
    return await runMeasuredQuery(call, selectFacts, factValues(call.now))
  } catch (error) {
    if (!(error instanceof DatabaseStatementError)) throw error
    logFailure(call.requestId, error)
    return { result: await runQuery(call, selectCaller), databaseBytes: 0 }
  }
}

async function bodyOf(
  { env, now }: AdminCall,
  facts: Facts | undefined,
  databaseBytes: number,
): Promise<object> {
  const keys = await inspectSigningKeys(env)
  const limitBytes = limitOf(env)
  const providers = facts?.providersWithOffers ?? []
  const checks: Check[] = [
    checkMigrations(env, facts?.newestMigration ?? null),
    ...checkSettings(env),
    ...checkSigningKeys(env, keys),
    ...checkQueues(env),
    ...checkWebhookSecrets(env, providers),
    ...checkDeliveryChannels(env, providers.length > 0, facts?.hasProductWebhooks === 1),
    ...(facts ? checkWarnings(warningsOf(facts.warnings, databaseBytes, limitBytes)) : []),
    ...(facts ? checkContents(env, facts) : []),
  ]
  return {
    status: statusOf(checks),
    version: packageJson.version,
    time: isoInstant(now),
    checks,
    secrets: secretStates(env, checks),
    signing_keys: [
      ...keys.responseKeys.map((key) => keyBody(key, '/.well-known/jwks.json')),
      ...keys.fileKeys.map((key) => keyBody(key, '/.well-known/license-file-keys.json')),
    ],
    database: facts ? databaseBody(facts, databaseBytes, limitBytes, now) : null,
    cron: (facts?.cron ?? []).map(({ cron, ranAt }) => ({ cron, ran_at: isoInstant(ranAt) })),
    queues: facts
      ? {
          deliveries_bound: Boolean(env.DELIVERIES),
          callbacks_bound: Boolean(env.CALLBACKS),
          ...facts.queues,
        }
      : null,
    statistics_counted_until: isoInstant(facts?.countedUntil ?? null),
  }
}

/** A wrong setting is reported by its own check. */
function limitOf(env: Bindings): number {
  try {
    return databaseLimitBytes(env)
  } catch (error) {
    if (error instanceof SettingError) return Number.POSITIVE_INFINITY
    throw error
  }
}

function keyBody({ jwk }: PublicKey, publishedAt: string) {
  return { kid: jwk.kid, algorithm: jwk.alg ?? null, published_at: publishedAt }
}

function databaseBody({ cron, newestIds }: Facts, bytes: number, limitBytes: number, now: number) {
  const measured = cron.find(({ databaseBytes }) => databaseBytes !== null)
  const before = measured && { at: measured.ranAt, bytes: measured.databaseBytes ?? 0 }
  const { bytesPerDay, daysLeft } = growthOf(before, { at: now, bytes }, limitBytes)
  return {
    bytes,
    limit_bytes: Number.isFinite(limitBytes) ? limitBytes : null,
    bytes_per_day: bytesPerDay,
    days_left: daysLeft,
    // The highest ids: about as many rows as were ever written.
    newest_ids: {
      issuances: newestIds.issuances,
      license_keys: newestIds.licenseKeys,
      activations: newestIds.activations,
      webhook_events: newestIds.webhookEvents,
      deliveries: newestIds.deliveries,
    },
  }
}
