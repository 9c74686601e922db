/**
 * Generates license keys under a contract, for its holder.
 *
 * Guarantees: as `issueLicenseKeys`; moreover, there are never more keys under a contract than its quota, whatever
 * arrives at the same time: they are counted in the batch that generates, and D1 has one writer. One D1 batch,
 * whatever the quantity and whatever the outcome.
 */
import {
  type ContractHolder,
  contractHolder,
  type HolderRefusal,
  holderValues,
} from '../callers/contract-holders.ts'
import { bind, compileText, runBatch } from '../db/batch.ts'
import { KEYS_AS_ISSUED, type KeyAsIssued } from '../issuing/as-issued.ts'
import { type IssuanceRow, issueOnce } from '../issuing/issue-once.ts'
import { generatorOf, insertGeneratedKeys } from '../issuing/key-sources.ts'
import type { IssuedTo } from '../protocol/license-key-object.ts'
import { NOT_SET } from '../protocol/owner.ts'
import { troublesOf } from './contract-information.ts'
import { licenseKeysCount } from './contracts.ts'

/** Why no keys were generated, in the order in which it is looked at. */
export type ContractObstacle =
  | 'product-not-found'
  | 'generator-not-found'
  /** As many keys exist as the contract permits. */
  | 'quota-reached'
  /** More were asked for than are left, or than one request may ask for. */
  | 'quota-exceeded'

export type GenerationOutcome =
  | {
      readonly kind: 'generated' | 'replayed'
      /** When they were first generated, in milliseconds UTC. */
      readonly issuedAt: number
      readonly issuedTo: IssuedTo
      /** By ascending id. */
      readonly keys: readonly KeyAsIssued[]
    }
  | { readonly kind: 'refused'; readonly reason: HolderRefusal | 'idempotency-key-reused' }
  | { readonly kind: 'not-generated'; readonly obstacle: ContractObstacle }

/** What is asked for. */
export interface GenerationOrder {
  /** 1 or more. */
  readonly quantity: number
  /** The most that one request may ask for. */
  readonly quantityMax: number
}

/** Where time and randomness come from. */
export interface GenerationSources {
  /** Milliseconds UTC. */
  readonly now: number
  /** As `freshMaterial`. */
  readonly materialFor: (quantity: number) => string
}

interface GenerationRow extends IssuanceRow<HolderRefusal> {
  readonly obstacle: ContractObstacle | null
}

/** The row's `keys`. The product is the issuance's: the contract may have been given another since. */
interface KeysOfContract {
  readonly productId: number
  readonly contractId: number
  /** In the order in which SQLite found them. */
  readonly keys: KeyAsIssued[]
}

const HOLDER = contractHolder('can_generate')
const COUNT = licenseKeysCount('contracts.id')

/** The first thing in the way, or null: both what guards the insert and what the answer says. */
const OBSTACLE = `case ${troublesOf('contracts', (kind) => `'${kind}'`)}
  when ${COUNT} >= contracts.license_keys_quantity then 'quota-reached'
  when :quantity > :quantityMax or :quantity > contracts.license_keys_quantity - ${COUNT} then 'quota-exceeded' end`

const insertIssuance = compileText(`
  insert into issuances (source, idempotency_key, nonce, product_id, quantity, owner_name, owner_email, origin,
    contract_id, created_at, validity_days, activation_limit)
  select ${HOLDER.source}, :idempotencyKey, :nonce, contracts.product_id, :quantity, '${NOT_SET}', '${NOT_SET}',
    'generator', contracts.id, :now, generators.validity_days, generators.activation_limit
  from contracts cross join generators on generators.id = ${generatorOf('contracts.product_id')}
  where ${HOLDER.isAllowed} and (${OBSTACLE}) is null on conflict do nothing`)

/** The holder's issuance under this idempotency key, whoever wrote it. */
const IS_HOLDERS_ISSUANCE = `issuances.idempotency_key = :idempotencyKey
  and issuances.source = (select ${HOLDER.source} from contracts where ${HOLDER.isCaller})`

/** Only the attempt that wrote the issuance knows its nonce. */
const insertKeys = compileText(insertGeneratedKeys(`${IS_HOLDERS_ISSUANCE} and issuances.nonce = :nonce`))

/** One row, whatever happened; the keys only for the very same order. */
const selectOutcome = compileText<GenerationRow>(`
  select ${HOLDER.refusal} as refusal, contracts.id as ${HOLDER.idName}, issuances.nonce as nonce,
    issuances.created_at as issuedAt,
    case when issuances.quantity = :quantity then json_object('productId', issuances.product_id,
      'contractId', issuances.contract_id, 'keys', json(${KEYS_AS_ISSUED})) end as keys,
    case when issuances.id is null then ${OBSTACLE} end as obstacle
  from (select 1) as request left join contracts on ${HOLDER.isCaller}
  left join issuances on ${IS_HOLDERS_ISSUANCE}`)

/**
 * Generates the keys of one order, or finds what was generated for it before.
 *
 * @param db the primary
 * @param holder who asks
 * @param idempotencyKey 1 to 255 visible ASCII characters, the holder's own; undefined: the order is new
 * @throws DatabaseUnavailableError: repeating the call with the same idempotency key is safe
 */
export async function generateContractKeys(
  db: D1Database,
  holder: ContractHolder,
  order: GenerationOrder,
  idempotencyKey: string | undefined,
  { now, materialFor }: GenerationSources,
): Promise<GenerationOutcome> {
  const orderValues = {
    ...holderValues(holder),
    ...order,
    idempotencyKey: idempotencyKey ?? crypto.randomUUID(),
    now,
  }
  const isPossible = order.quantity <= order.quantityMax
  const outcome = await issueOnce(async (nonce) => {
    const values = { ...orderValues, nonce, material: materialFor(isPossible ? order.quantity : 0) }
    const [, , [row]] = await runBatch(db, [
      bind(insertIssuance, values),
      bind(insertKeys, values),
      bind(selectOutcome, values),
    ])
    return row
  })
  if (outcome.kind === 'refused') return outcome
  if (outcome.kind === 'not-issued') return notGenerated(outcome.row)
  const { productId, contractId, keys } = JSON.parse(outcome.keys) as KeysOfContract
  return {
    kind: outcome.kind === 'issued' ? 'generated' : 'replayed',
    issuedAt: outcome.issuedAt,
    issuedTo: { productId, contractId, ownerName: NOT_SET, ownerEmail: NOT_SET },
    keys: keys.sort(([one], [other]) => one - other),
  }
}

function notGenerated({ obstacle }: GenerationRow): GenerationOutcome {
  if (obstacle === null) throw new Error('What nothing is in the way of is issued.')
  return { kind: 'not-generated', obstacle }
}
