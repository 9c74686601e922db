/**
 * `POST /api/v1/start-trial`: a trial license for a device, with its license file.
 *
 * Guarantees: a device gets one trial of a product, even if requests are repeated or race, since the trial is an
 * issuance whose idempotency key names the device. So a request needs no `Idempotency-Key`. While the trial runs, each
 * request gets its license key and a new file.
 */
import * as z from 'zod/mini'
import { apiKey, PRODUCT_AUTHORITY } from '../callers/api-keys.ts'
import { done, type Result } from '../callers/caller.ts'
import { compileText } from '../db/batch.ts'
import { type Call, endpoint } from '../http/endpoint.ts'
import { insertFreshKeys, insertIssuances } from '../issuing/inserts.ts'
import { type IssueStatements, issueOnce, type OutcomeRow } from '../issuing/issue-once.ts'
import { keyMaterialFor } from '../issuing/key-formats.ts'
import { sha256HexOfText } from '../platform/hash.ts'
import { CODES } from '../protocol/codes.ts'
import { identifier, nonce, productId } from '../protocol/fields.ts'
import { NOT_SET } from '../protocol/owner.ts'
import { activationsMax, LIMIT_IS_REACHED } from './devices/activation-limit.ts'
import { deviceValues, IS_ACTIVATED, insertActivation } from './devices/devices.ts'
import { shortestDomain } from './devices/domains.ts'
import {
  deviceIdentifier,
  KEY_PROBLEM_CODES,
  type KeyOutcome,
  type KeyProblem,
  PROOF_FACTS,
  USE_CHECKS,
  WHEN_IDENTIFIER_MISSING,
} from './key-checks.ts'
import {
  FILE_ENDS_AT,
  FILE_FACTS,
  FILE_PROBLEM_ERRORS,
  type FileFacts,
  fileFields,
  fileKeyFor,
  fileValues,
  makeFile,
  rememberFile,
} from './license-files.ts'

type Refused = KeyOutcome<
  Exclude<KeyProblem, 'license-key-unknown'> | 'trial-not-offered' | 'limit-reached' | 'algorithm-unavailable'
>

interface TrialLicense {
  readonly productId: number
  readonly facts: FileFacts
}

type Running = KeyOutcome<'running'> & TrialLicense

/** `running`: it was started before. */
type Trial = KeyOutcome<'started' | 'running'> & TrialLicense & { readonly licenseFile: string }

interface TrialRow extends OutcomeRow {
  /** JSON text. */
  readonly outcome: string
}

const { isAllowed, isCaller, refusal } = PRODUCT_AUTHORITY

/** The product and the SHA-256 of the device, as `activations` stores it. */
const IDEMPOTENCY_KEY = `(products.id || '/' || iif(products.domain_devices, :domainHash, :identifierHash))`

const IS_TRIAL = `issuances.source = 'trial' and issuances.idempotency_key =
  (select ${IDEMPOTENCY_KEY} from products where products.id = :productId)`

const IS_LICENSE_KEY = `license_keys.issuance_id = (select issuances.id from issuances where ${IS_TRIAL})`

/** The rows that decide the outcome. There is no license key if an operator deleted it, or assigned it to another owner. */
const ROWS = `left join products on products.id = :productId
  left join issuances on ${IS_TRIAL}
  left join license_keys on license_keys.issuance_id = issuances.id`

/** An SQL expression: the outcome after the trial was issued, if it could be. */
const KIND = `case ${WHEN_IDENTIFIER_MISSING}
  when products.id is null then 'product-not-active'
  ${USE_CHECKS.join('\n')}
  when issuances.id is null then 'trial-not-offered'
  when license_keys.id is null then 'expired'
  when ${IS_ACTIVATED} then 'running'
  when ${LIMIT_IS_REACHED} then 'limit-reached'
  else 'not-activated' end`

function decides(kind: string): string {
  return `exists (select 1 from api_keys where ${isAllowed})
    and (select ${KIND} from (select 1) as request ${ROWS}) = '${kind}'`
}

const STATEMENTS: IssueStatements<TrialRow> = {
  insertIssuance: insertIssuances(
    {
      source: `'trial'`,
      idempotencyKey: IDEMPOTENCY_KEY,
      nonce: ':nonce',
      productId: 'products.id',
      quantity: '1',
      ownerName: `'${NOT_SET}'`,
      ownerEmail: `'${NOT_SET}'`,
      validityDays: 'products.trial_days',
      activationLimit: '1',
      createdAt: ':now',
      origin: `'fresh'`,
    },
    {
      from: 'api_keys cross join products on products.id = :productId',
      where: `${isAllowed} and products.status = 'active' and products.trial_days is not null and :identifier is not null`,
    },
  ),
  insertKeys: insertFreshKeys(`${IS_TRIAL} and issuances.nonce = :nonce`),
  furtherWrites: [
    // Also activates a device again that was freed during its trial.
    compileText(insertActivation(IS_LICENSE_KEY, decides('not-activated'), FILE_ENDS_AT)),
    compileText(rememberFile(IS_LICENSE_KEY, decides('running'))),
  ],
  // An operator may have changed the license key, so the outcome has its current state, and the row no keys as issued.
  selectOutcome: compileText<TrialRow>(`
    select ${refusal} as refusal, api_keys.id as callerId, issuances.nonce as nonce,
      issuances.created_at as issuedAt, '[]' as keys,
      json_object('kind', ${KIND}, 'productId', products.id, 'facts', ${FILE_FACTS},
        'proof', case when :isProofRequested then ${PROOF_FACTS} end) as outcome
    from (select 1) as request left join api_keys on ${isCaller} ${ROWS}`),
}

export const startTrial = endpoint({
  path: '/api/v1/start-trial',
  summary: 'Start a trial',
  caller: apiKey('use'),
  cors: true,
  isIdempotent: true,
  addressLimit: 'trials',
  parameters: (env) => z.object({ product_id: productId, identifier, ...fileFields(env), nonce }),
  deviceIdentifier,
  outcomes: {
    started: CODES.trialStarted,
    running: CODES.trialRunning,
    'trial-not-offered': CODES.noTrialOffered,
    'identifier-missing': KEY_PROBLEM_CODES['identifier-missing'],
    'not-assigned': KEY_PROBLEM_CODES['not-assigned'],
    'product-not-active': KEY_PROBLEM_CODES['product-not-active'],
    blocked: KEY_PROBLEM_CODES.blocked,
    expired: KEY_PROBLEM_CODES.expired,
    'limit-reached': CODES.activationLimitReached,
    'algorithm-unavailable': CODES.incorrectData,
  },
  async handle(call): Promise<Result<Refused | Trial>> {
    const { env, parameters, now } = call
    const key = await fileKeyFor(env, parameters)
    if (!key) return done({ kind: 'algorithm-unavailable', productId: null }, now)
    const result = await issueTrial(call)
    if (result.kind === 'refused') return result
    const { outcome, callerId, isReplay } = result
    if (outcome.kind !== 'running') return done(outcome, now, callerId)
    const { licenseKey } = outcome.facts
    const licenseFile = await makeFile(key, outcome, { ...parameters, license_key: licenseKey }, now)
    return done({ ...outcome, kind: isReplay ? 'running' : 'started', licenseFile }, now, callerId)
  },
  answer(outcome) {
    switch (outcome.kind) {
      case 'started':
      case 'running': {
        const { productId: signedBy, facts, licenseFile } = outcome
        return { signedBy, fields: { license_key: facts.licenseKey, license_file: licenseFile } }
      }
      case 'algorithm-unavailable':
        return { fields: { errors: FILE_PROBLEM_ERRORS[outcome.kind] } }
      default:
        return { signedBy: outcome.productId }
    }
  },
})

interface TrialParameters {
  readonly product_id: number
  readonly identifier?: string | undefined
  readonly ttl?: number | undefined
  readonly nonce?: string | undefined
}

type TrialCall = Pick<Call<TrialParameters>, 'env' | 'db' | 'caller' | 'parameters' | 'now'>

/** Issues the trial of a device, or returns the one that it has. Then it is a replay. */
export async function issueTrial(
  { env, db, caller, parameters, now }: TrialCall,
  newLicenseKey?: () => string,
): Promise<Result<Refused | Running>> {
  const values = {
    ...caller,
    ...(await deviceHashes(parameters.identifier)),
    ...deviceValues(parameters.identifier),
    ...fileValues(env, parameters),
    productId: parameters.product_id,
    isProofRequested: parameters.nonce === undefined ? 0 : 1,
    activationsMax: activationsMax(env),
    now,
    idempotencyKey: undefined,
    quantity: 1,
  }
  const result = await issueOnce(db, STATEMENTS, values, () => keyMaterialFor('fresh', 1, newLicenseKey))
  if (result.kind === 'refused') return result
  const isReplay = result.kind === 'issued' && result.isReplay
  return done(JSON.parse(result.row.outcome) as Refused | Running, now, result.row.callerId, isReplay)
}

/** The device in both forms, because only the database knows which one the product uses, and SQLite cannot hash. */
async function deviceHashes(identifier: string | undefined): Promise<Record<string, string | null>> {
  if (identifier === undefined) return { identifierHash: null, domainHash: null }
  return {
    identifierHash: await sha256HexOfText(identifier),
    domainHash: await sha256HexOfText(shortestDomain(identifier)),
  }
}
