/**
 * Checking out a license file on the page /offline.
 *
 * Guarantees: only a license key whose product allows the page gets a file, and any other one is answered like one that
 * does not exist. Each refusal counts in the batch that refuses, so requests that race do not get more than ten.
 */
import { authority } from '../callers/authority.ts'
import type { Result } from '../callers/caller.ts'
import { perform } from '../callers/operation.ts'
import { nearestDatabase } from '../callers/query.ts'
import { bind, compileText, runBatch } from '../db/batch.ts'
import type { Call } from '../http/endpoint.ts'
import { type CheckOutOutcome, checkOutValues, defineCheckOut } from '../keys/check-out.ts'
import { IS_TYPED } from '../keys/key-checks.ts'
import { ttlSecondsMax } from '../keys/license-files.ts'
import { addressHashOf, countRefusal, IS_LIMIT_REACHED, RETRY_AT } from './offline-refusals.ts'
import type { OfflineRequest } from './offline-request.ts'

/** An SQL condition: any product allows the page. */
const IS_PAGE_ON = `exists (select 1 from products where offline_page = 1 and deleted_at is null)`

/** The holder of a license key, which is the credential. */
const HOLDER_AUTHORITY = authority(
  {
    table: 'license_keys',
    isCaller: `(${IS_TYPED} and exists (select 1 from products as offering
      where offering.id = license_keys.product_id and offering.offline_page = 1))`,
    source: `'offline:' || license_keys.id`,
    retryAt: RETRY_AT,
  },
  'license-key-unknown',
  [],
  [
    [`(not ${IS_PAGE_ON})`, 'turned-off'],
    [IS_LIMIT_REACHED, 'too-many-requests'],
  ],
)

const checkingOut = defineCheckOut(HOLDER_AUTHORITY, 'offline', ({ decides }) => [
  // The device is activated by now, so a success is decided as checked out.
  countRefusal(`${IS_PAGE_ON} and not (${decides('checked-out')})`),
])

type FileTerms = OfflineRequest & { readonly ttl: number; readonly encrypt: number }

/** What the page grants: a plain file that ends as late as possible, since the machine cannot refresh it. */
export function fileTerms(env: Call<unknown>['env'], request: OfflineRequest): FileTerms {
  return { ...request, ttl: ttlSecondsMax(env), encrypt: 0 }
}

/** @param terms undefined: no license key can be read, which counts as one that is unknown */
export async function checkOutOffline(
  call: Call<unknown>,
  terms: FileTerms | undefined,
): Promise<Result<CheckOutOutcome>> {
  const { env, request } = call
  return perform(call, checkingOut, {
    ...checkOutValues(env, { ...terms, activate: 1 }),
    addressHash: await addressHashOf(env, request),
  })
}

const selectIsOn = compileText<{ readonly isOn: 0 | 1 }>(`select ${IS_PAGE_ON} as isOn`)

/** Whether any product allows the page. The nearest replica may lag slightly. */
export async function isPageOn(db: D1Database): Promise<boolean> {
  const [[row]] = await runBatch(nearestDatabase(db), [bind(selectIsOn, {})])
  return row?.isOn === 1
}
