/**
 * Contracts: what they are, all of them, and their end.
 *
 * A contract counts the license keys that exist under it, so that one that is destroyed may be generated anew. When
 * a contract is deleted its keys stay with whoever has them, and its id never comes back for another to inherit them.
 */
import { API_CALLER, type ApiCaller, type CallerRefusal, callerValues } from '../callers/api-keys.ts'
import { defineOperation } from '../callers/operation.ts'
import type { Read } from '../callers/reading.ts'
import { bind, compileText, runBatch } from '../db/batch.ts'

/** What a contract says. Its numbers are text where they are told as the caller wrote them. */
export interface ContractTerms<Numeric = number> {
  readonly contractKey: string
  readonly name: string
  readonly information: string
  readonly productId: Numeric
  /** How many license keys may exist under it: 1 to 100,000. */
  readonly licenseKeysQuantity: Numeric
  readonly status: 'active' | 'inactive'
  /** 0 or 1, as the three that follow. */
  readonly canGetInfo: Numeric
  readonly canGenerate: Numeric
  readonly canDestroy: Numeric
  readonly canDestroyAll: Numeric
}

/** What the database knows of a contract besides its terms. Instants are milliseconds UTC. */
export interface ContractFacts {
  readonly id: number
  readonly createdAt: number
  readonly updatedAt: number
  /** How many license keys exist under it. */
  readonly licenseKeysCount: number
}

export type Contract<Numeric = number> = ContractTerms<Numeric> & ContractFacts

/** SQL, an expression: how many license keys exist under a contract. */
export function licenseKeysCount(contractId: string): string {
  return `(select count(*) from license_keys where license_keys.contract_id = ${contractId})`
}

const factsOf = (
  row: string,
) => `'id', ${row}.id, 'createdAt', ${row}.created_at, 'updatedAt', ${row}.updated_at,
  'licenseKeysCount', ${licenseKeysCount(`${row}.id`)}`

/** SQL, an expression: the `ContractFacts` of a row of `contracts`, as JSON. */
export function contractFactsJson(row: string): string {
  return `json_object(${factsOf(row)})`
}

/** SQL, an expression: a row of `contracts` as a `Contract`, as JSON. */
export function contractJson(row: string): string {
  return `json_object('contractKey', ${row}.contract_key, 'name', ${row}.name, 'information', ${row}.information,
    'productId', ${row}.product_id, 'licenseKeysQuantity', ${row}.license_keys_quantity, 'status', ${row}.status,
    'canGetInfo', ${row}.can_get_info, 'canGenerate', ${row}.can_generate, 'canDestroy', ${row}.can_destroy,
    'canDestroyAll', ${row}.can_destroy_all, ${factsOf(row)})`
}

/** A row for each contract: all of them as one text would soon be longer than the 2 MB that D1 takes. */
const selectAll = compileText<{ refusal: CallerRefusal | null; contract: string | null }>(`
  select caller.refusal as refusal, caller.id as ${API_CALLER.idName},
    case when contracts.id is not null then ${contractJson('contracts')} end as contract
  from (select ${API_CALLER.refusal} as refusal, api_keys.id from (select 1) as request
    left join api_keys on ${API_CALLER.isCaller}) as caller
  left join contracts on caller.refusal is null
  order by contracts.id`)

/**
 * Every contract there is, by ascending id.
 *
 * @param db the primary
 * @param caller who asks
 */
export async function allContracts(
  db: D1Database,
  caller: ApiCaller,
): Promise<Read<Contract[], CallerRefusal>> {
  const [rows] = await runBatch(db, [bind(selectAll, callerValues(caller))])
  const refusal = rows[0]?.refusal ?? null
  if (refusal !== null) return { kind: 'refused', reason: refusal }
  const texts = rows.flatMap(({ contract }) => contract ?? [])
  return { kind: 'found', found: texts.map((text) => JSON.parse(text) as Contract) }
}

export interface ContractDeletion {
  readonly kind: 'deleted' | 'not-found'
}

/** Deletes a contract, not its license keys. Placeholders: `contractId`. */
export const contractDeletion = defineOperation<ContractDeletion>(
  API_CALLER,
  'delete-contract',
  `json_object('kind', iif(exists (select 1 from contracts where id = :contractId), 'deleted', 'not-found'))`,
  ['delete from contracts where id = :contractId and {decided:deleted}'],
)
