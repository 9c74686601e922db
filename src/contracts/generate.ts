/**
 * `POST /api/v1/contracts/generate`: generates license keys under a contract, in one D1 batch.
 *
 * Guarantees: those of `issue`. A contract never exceeds its quota, even if requests race, because the batch
 * counts the keys itself and D1 has a single writer.
 */
import * as z from 'zod/mini'
import { done, type OperationCall, type Result } from '../callers/caller.ts'
import { CONTRACT_KEY, contractHolder } from '../callers/contract-holders.ts'
import { compileText } from '../db/batch.ts'
import { endpoint } from '../http/endpoint.ts'
import { issuedColumns, parseKeysAsIssued, selectKeysAsIssued } from '../issuing/as-issued.ts'
import { generatorId, insertGeneratedKeys, insertIssuances } from '../issuing/inserts.ts'
import { issueOnce, type OutcomeRow } from '../issuing/issue-once.ts'
import { randomKeyMaterial } from '../issuing/key-formats.ts'
import { quantityMax } from '../issuing/order.ts'
import { CODES } from '../protocol/codes.ts'
import { INTEGER_MAX, wholeNumber } from '../protocol/fields.ts'
import { type IssuedTo, type KeyAsIssued, licenseKeyObjects } from '../protocol/license-key-object.ts'
import { NOT_SET } from '../protocol/owner.ts'
import { generationProblems, licenseKeysCount } from './contract.ts'

/** In the order of the checks. */
type Obstacle =
  | 'product-not-found'
  | 'generator-not-found'
  /** The contract has as many keys as it permits. */
  | 'quota-reached'
  /** The quantity exceeds the rest of the quota or the limit of one request. */
  | 'quota-exceeded'

type Generated =
  | {
      readonly kind: 'generated'
      /** The time of the first generation, in milliseconds UTC. */
      readonly issuedAt: number
      readonly issuedTo: IssuedTo
      /** By ascending id. */
      readonly keys: readonly KeyAsIssued[]
    }
  | { readonly kind: Obstacle }

interface GenerationRow extends OutcomeRow {
  readonly obstacle: Obstacle | null
  /** From the issuance, because the product of the contract may have changed. */
  readonly issuedProductId: number
  readonly issuedContractId: number
}

const HOLDER = contractHolder('can_generate')
const COUNT = licenseKeysCount('contracts.id')

/** An SQL expression: the first obstacle, or null. */
const OBSTACLE = `case ${generationProblems('contracts', (kind) => `'${kind}'`)}
  when ${COUNT} >= contracts.license_keys_quantity then 'quota-reached'
  when :quantity > :quantityMax or :quantity > contracts.license_keys_quantity - ${COUNT} then 'quota-exceeded' end`

const insertIssuance = insertIssuances(
  {
    source: HOLDER.source,
    idempotencyKey: ':idempotencyKey',
    nonce: ':nonce',
    productId: 'contracts.product_id',
    quantity: ':quantity',
    ownerName: `'${NOT_SET}'`,
    ownerEmail: `'${NOT_SET}'`,
    validityDays: 'generators.validity_days',
    activationLimit: 'generators.activation_limit',
    createdAt: ':now',
    origin: `'generator'`,
    contractId: 'contracts.id',
  },
  {
    from: `contracts cross join generators on generators.id = ${generatorId('contracts.product_id')}`,
    where: `${HOLDER.isAllowed} and (${OBSTACLE}) is null`,
  },
)

/** Matches the holder's issuance with this idempotency key. */
const IS_ISSUANCE = `issuances.idempotency_key = :idempotencyKey
  and issuances.source = (select ${HOLDER.source} from contracts where ${HOLDER.isCaller})`

/** The nonce belongs to a single attempt. */
const insertKeys = insertGeneratedKeys(`${IS_ISSUANCE} and issuances.nonce = :nonce`)

/** Always one row. It contains the keys only if the order is identical. */
const selectOutcome = compileText<GenerationRow>(`
  select ${HOLDER.refusal} as refusal, contracts.id as callerId,
    ${issuedColumns('issuances.quantity = :quantity')},
    issuances.product_id as issuedProductId, issuances.contract_id as issuedContractId,
    case when issuances.id is null then ${OBSTACLE} end as obstacle
  from (select 1) as request left join contracts on ${HOLDER.isCaller}
  left join issuances on ${IS_ISSUANCE}`)

const selectKeys = selectKeysAsIssued(IS_ISSUANCE)

export const contractsGenerate = endpoint({
  path: '/api/v1/contracts/generate',
  summary: 'Generate license keys',
  caller: CONTRACT_KEY,
  // The limit is high, because the protocol has its own code for a quantity that is too large.
  parameters: () => z.object({ quantity: wholeNumber('quantity', 1, INTEGER_MAX) }),
  outcomes: {
    generated: CODES.contractKeysGenerated,
    'product-not-found': CODES.contractProductNotFound,
    'generator-not-found': CODES.contractGeneratorNotFound,
    'quota-reached': CODES.contractQuotaReached,
    'quota-exceeded': CODES.contractQuotaExceeded,
  },
  handle: (call) => generateContractKeys(call, call.parameters.quantity, quantityMax(call.env)),
  answer: (outcome) =>
    outcome.kind === 'generated'
      ? { fields: { license_keys: licenseKeyObjects(outcome.issuedTo, outcome.issuedAt, outcome.keys) } }
      : {},
})

/** Generates keys, or returns the keys of an earlier call with the same idempotency key. */
export async function generateContractKeys(
  { db, caller, idempotencyKey, now }: Omit<OperationCall, 'parameters'>,
  quantity: number,
  quantityMax: number,
  newMaterial: (quantity: number) => string = randomKeyMaterial,
): Promise<Result<Generated>> {
  const written = await issueOnce(
    db,
    { insertIssuance, insertKeys, selectOutcome, selectKeys },
    { ...caller, quantity, quantityMax, idempotencyKey, now },
    () => newMaterial(quantity <= quantityMax ? quantity : 0),
  )
  if (written.kind === 'refused') return written
  const { row } = written
  const { callerId } = row
  if (written.kind === 'issued') {
    const { issuedAt, keys, furtherKeys, isReplay } = written
    const issuedTo = {
      productId: row.issuedProductId,
      contractId: row.issuedContractId,
      ownerName: NOT_SET,
      ownerEmail: NOT_SET,
    }
    const outcome = { issuedAt, issuedTo, keys: parseKeysAsIssued(keys, furtherKeys) }
    return done({ kind: 'generated', ...outcome }, issuedAt, callerId, isReplay)
  }
  if (row.obstacle === null) throw new Error('Nothing was generated, and no obstacle was found.')
  return done({ kind: row.obstacle }, now, callerId)
}
