/**
 * `POST /api/v1/check-out`: a signed license file, with which software runs while the server cannot be reached.
 *
 * Guarantees: a device gets a file only while its license key is valid there. Repeated requests activate the device once,
 * and each gets a file of its own.
 */
import * as z from 'zod/mini'
import { apiKey } from '../callers/api-keys.ts'
import type { Authority } from '../callers/authority.ts'
import { done, type Result } from '../callers/caller.ts'
import { defineOperation, type Operation, perform, type WriteSql } from '../callers/operation.ts'
import { endpoint } from '../http/endpoint.ts'
import type { Bindings } from '../platform/settings.ts'
import { CODES } from '../protocol/codes.ts'
import { flag, optional } from '../protocol/fields.ts'
import { activationsMax, LIMIT_IS_REACHED } from './devices/activation-limit.ts'
import { IS_ACTIVATED, insertActivation } from './devices/devices.ts'
import {
  checkKey,
  checkTypedKey,
  deviceIdentifier,
  IS_TYPED,
  KEY_PROBLEM_CODES,
  KEY_USE_FIELDS,
  type KeyOutcome,
  type KeyProblem,
  type KeyUseParameters,
  keyUseValues,
  TYPED_KEY_AUTHORITY,
  USE_CHECKS,
  WHEN_UNKNOWN,
} from './key-checks.ts'
import {
  FILE_ENDS_AT,
  FILE_FACTS,
  FILE_PROBLEM_CODES,
  FILE_PROBLEM_ERRORS,
  type FileFacts,
  type FileParameters,
  type FileProblem,
  fileFields,
  fileKeyFor,
  fileValues,
  makeFile,
  rememberFile,
  WHEN_TOO_WEAK,
} from './license-files.ts'

/**
 * `activated` is decided before the writes. After them, it means that an earlier request with this idempotency key
 * activated the device, and that the device was freed since.
 */
export type CheckOutRefused = KeyOutcome<
  KeyProblem | FileProblem | 'activation-not-found' | 'activated' | 'limit-reached'
>

type CheckedOut = KeyOutcome<'checked-out'> & { readonly productId: number }

export type CheckOutOutcome = CheckOutRefused | (CheckedOut & { readonly facts: FileFacts })

const CHECKS = [
  WHEN_UNKNOWN,
  `when :identifier is null and not products.any_machine_files then 'identifier-missing'`,
  ...USE_CHECKS,
  WHEN_TOO_WEAK,
  `when :identifier is null or ${IS_ACTIVATED} then 'checked-out'`,
  `when not :activate then 'activation-not-found'`,
  `when ${LIMIT_IS_REACHED} then 'limit-reached'`,
]

/**
 * @param name separates the idempotency keys of different operations
 * @param writes SQL of more writes, after those of the check-out
 */
export function defineCheckOut(
  authority: Authority,
  name: string,
  writes: (sql: WriteSql) => readonly string[] = () => [],
): Operation<CheckOutOutcome> {
  return defineOperation<CheckOutOutcome>({
    authority,
    name,
    isUse: true,
    decision: checkKey(CHECKS, 'activated', [], IS_TYPED),
    currentState: checkTypedKey(CHECKS, 'activated', [`'facts', ${FILE_FACTS}`]),
    changes: ['activated'],
    writes: (sql) => [
      insertActivation(IS_TYPED, sql.decided('activated'), FILE_ENDS_AT),
      rememberFile(IS_TYPED, sql.decides('checked-out')),
      ...writes(sql),
    ],
  })
}

/** The values of its placeholders. */
export function checkOutValues(
  env: Bindings,
  parameters: KeyUseParameters & FileParameters & { readonly activate?: number | undefined },
): Record<string, string | number | null> {
  return {
    ...keyUseValues(parameters),
    ...fileValues(env, parameters),
    activate: parameters.activate ?? 0,
    activationsMax: activationsMax(env),
  }
}

export const checkingOut = defineCheckOut(TYPED_KEY_AUTHORITY, 'check-out')

export const CHECK_OUT_CODES = {
  'checked-out': CODES.licenseFile,
  ...KEY_PROBLEM_CODES,
  'activation-not-found': CODES.activationNotFound,
  activated: CODES.activationNotFound,
  'limit-reached': CODES.activationLimitReached,
  ...FILE_PROBLEM_CODES,
} as const satisfies Record<CheckOutOutcome['kind'], object>

export const checkOut = endpoint({
  path: '/api/v1/check-out',
  summary: 'Check out a license file',
  answersCurrentState: true,
  caller: apiKey('use'),
  cors: true,
  parameters: (env) =>
    z.object({
      ...KEY_USE_FIELDS,
      ...fileFields(env),
      activate: optional(flag('activate')).check(
        z.meta({
          description: '1: activates the license key on this device first, if it is not active there',
        }),
      ),
    }),
  deviceIdentifier,
  unknownLicenseKey: 'license-key-unknown',
  outcomes: CHECK_OUT_CODES,
  async handle(call): Promise<Result<CheckOutRefused | (CheckedOut & { readonly licenseFile: string })>> {
    const { env, parameters, now } = call
    const key = await fileKeyFor(env, parameters)
    if (!key) return done({ kind: 'algorithm-unavailable', productId: null }, now)
    const result = await perform(call, checkingOut, checkOutValues(env, parameters))
    if (result.kind === 'refused') return result
    const { outcome, doneAt, callerId } = result
    if (outcome.kind !== 'checked-out') return done(outcome, doneAt, callerId)
    return done({ ...outcome, licenseFile: await makeFile(key, outcome, parameters, now) }, doneAt, callerId)
  },
  answer(outcome) {
    switch (outcome.kind) {
      case 'checked-out':
        return { signedBy: outcome.productId, fields: { license_file: outcome.licenseFile } }
      case 'algorithm-unavailable':
      case 'key-too-weak':
        return { signedBy: outcome.productId, fields: { errors: FILE_PROBLEM_ERRORS[outcome.kind] } }
      default:
        return { signedBy: outcome.productId }
    }
  },
})
