/**
 * `POST /api/v1/contracts/generate`: generates license keys under a contract, for its holder.
 *
 * Guarantees: as of `issue`. Moreover, a contract never has more keys than its quota, even when requests race: they are
 * counted in the batch that generates, and D1 has one writer. One D1 batch, whatever the quantity and the outcome.
 */
import * as z from 'zod/mini'
import { done, type OperationCall, type Result } from '../callers/caller.ts'
import { CONTRACT_KEY, contractHolder } from '../callers/contract-holders.ts'
import { compileText } from '../db/batch.ts'
import { endpoint } from '../http/endpoint.ts'
import { issuedColumns, keysAsIssued } from '../issuing/as-issued.ts'
import { generatorOf, insertGeneratedKeys, insertIssuances } from '../issuing/inserts.ts'
import { issueOnce, type OutcomeRow } from '../issuing/issue.ts'
import { freshMaterial } from '../issuing/key-formats.ts'
import { quantityMax } from '../issuing/order.ts'
import { CODES } from '../protocol/codes.ts'
import { INTEGER_MAX, wholeNumber } from '../protocol/fields.ts'
import { type IssuedTo, type KeyAsIssued, licenseKeyObjects } from '../protocol/license-key-object.ts'
import { NOT_SET } from '../protocol/owner.ts'
import { generationProblems, licenseKeysCount } from './contract.ts'

/** Why no keys were generated, in the order of the checks. */
type Obstacle =
  | 'product-not-found'
  | 'generator-not-found'
  /** The contract has as many keys as it permits. */
  | 'quota-reached'
  /** More were asked for than are left, or than one request may ask for. */
  | 'quota-exceeded'

type Generated =
  | {
      readonly kind: 'generated'
      /** When they were first generated, in milliseconds UTC. */
      readonly issuedAt: number
      readonly issuedTo: IssuedTo
      /** By ascending id. */
      readonly keys: readonly KeyAsIssued[]
    }
  | { readonly kind: Obstacle }

interface GenerationRow extends OutcomeRow {
  readonly obstacle: Obstacle | null
  /** Those of the issuance: the contract may have another product since. */
  readonly issuedProductId: number
  readonly issuedContractId: number
}

const HOLDER = contractHolder('can_generate')
const COUNT = licenseKeysCount('contracts.id')

/** The first obstacle, or null: it guards the insert, and the answer tells it. */
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
    from: `contracts cross join generators on generators.id = ${generatorOf('contracts.product_id')}`,
    where: `${HOLDER.isAllowed} and (${OBSTACLE}) is null`,
  },
)

/** The holder's issuance under this idempotency key. */
const IS_ISSUANCE = `issuances.idempotency_key = :idempotencyKey
  and issuances.source = (select ${HOLDER.source} from contracts where ${HOLDER.isCaller})`

/** Only the attempt that wrote the issuance knows its nonce. */
const insertKeys = insertGeneratedKeys(`${IS_ISSUANCE} and issuances.nonce = :nonce`)

/** One row, whatever happened; the keys only for the very same order. */
const selectOutcome = compileText<GenerationRow>(`
  select ${HOLDER.refusal} as refusal, contracts.id as callerId,
    ${issuedColumns('issuances.quantity = :quantity')},
    issuances.product_id as issuedProductId, issuances.contract_id as issuedContractId,
    case when issuances.id is null then ${OBSTACLE} end as obstacle
  from (select 1) as request left join contracts on ${HOLDER.isCaller}
  left join issuances on ${IS_ISSUANCE}`)

export const contractsGenerate = endpoint({
  path: '/api/v1/contracts/generate',
  summary: 'Generate license keys',
  caller: CONTRACT_KEY,
  // Far more than there may ever be: the protocol has a code of its own for too many.
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

/**
 * Generates the keys of one order, or finds what was generated for it before.
 *
 * @param quantity 1 or more
 * @param quantityMax the most that one request may ask for
 * @param materialFor as `freshMaterial`
 */
export async function generateContractKeys(
  { db, caller, idempotencyKey, now }: Omit<OperationCall, 'parameters'>,
  quantity: number,
  quantityMax: number,
  materialFor: (quantity: number) => string = freshMaterial,
): Promise<Result<Generated>> {
  const written = await issueOnce(
    db,
    { insertIssuance, insertKeys, selectOutcome },
    { ...caller, quantity, quantityMax, idempotencyKey, now },
    () => materialFor(quantity <= quantityMax ? quantity : 0),
  )
  if (written.kind === 'refused') return written
  const { row } = written
  const { callerId } = row
  if (written.kind === 'issued') {
    const { issuedAt, keys, isReplay } = written
    const issuedTo = {
      productId: row.issuedProductId,
      contractId: row.issuedContractId,
      ownerName: NOT_SET,
      ownerEmail: NOT_SET,
    }
    const outcome = { kind: 'generated', issuedAt, issuedTo, keys: keysAsIssued(keys) } as const
    return done(outcome, issuedAt, callerId, isReplay)
  }
  if (row.obstacle === null) throw new Error('Nothing was generated, and no obstacle was found.')
  return done({ kind: row.obstacle }, now, callerId)
}
