/**
 * Makes a contract and changes it.
 *
 * Guarantees: a contract key is one contract's, whoever asks at the same time; an order for a contract that the same
 * API key has made already, word for word, is that contract, also without an idempotency key, since a shop that has
 * lost the answer asks again with the same contract key; a contract never permits fewer license keys than exist
 * under it.
 */
import { API_CALLER } from '../callers/api-keys.ts'
import { defineOperation } from '../callers/operation.ts'
import { type ContractFacts, type ContractTerms, contractFactsJson, licenseKeysCount } from './contracts.ts'

/** A contract's terms, and their numbers as the caller wrote them: the answer repeats them so, also when it is replayed. */
export interface ContractOrder {
  readonly terms: ContractTerms
  readonly numbersAsSent: NumbersAsSent
}

export type NumbersAsSent = Pick<
  ContractTerms<string | number>,
  'productId' | 'licenseKeysQuantity' | 'canGetInfo' | 'canGenerate' | 'canDestroy' | 'canDestroyAll'
>

/** What only the database can find wrong with an order. */
export type ContractFault = 'contractKey' | 'productId' | 'licenseKeysQuantity'

interface Done {
  readonly numbersAsSent: NumbersAsSent
  readonly facts: ContractFacts
}
interface Incorrect {
  readonly kind: 'incorrect'
  readonly faults: readonly ContractFault[]
}

/** `found`: it was made before, by the same API key on the same terms. */
export type ContractCreation = ({ readonly kind: 'created' | 'found' } & Done) | Incorrect
export type ContractChange =
  | ({ readonly kind: 'updated' } & Done)
  | Incorrect
  | { readonly kind: 'not-found' }

/** The values of the placeholders that both operations have. */
export function orderValues({ terms, numbersAsSent }: ContractOrder): Record<string, unknown> {
  return { ...terms, numbersAsSent: JSON.stringify(numbersAsSent) }
}

const COLUMNS = {
  contract_key: ':contractKey',
  name: ':name',
  information: ':information',
  product_id: ':productId',
  license_keys_quantity: ':licenseKeysQuantity',
  status: ':status',
  can_get_info: ':canGetInfo',
  can_generate: ':canGenerate',
  can_destroy: ':canDestroy',
  can_destroy_all: ':canDestroyAll',
}
const columnNames = Object.keys(COLUMNS).join(', ')
const columnValues = Object.values(COLUMNS).join(', ')
const columnPairs = Object.entries(COLUMNS).map(([column, value]) => `${column} = ${value}`)

const NO_PRODUCT = 'not exists (select 1 from products where id = :productId and deleted_at is null)'

/** SQL, an expression: a JSON list of the faults whose conditions hold. */
function faultsJson(conditions: Partial<Record<ContractFault, string>>): string {
  const rows = Object.entries(conditions).map(
    ([fault, condition]) => `select '${fault}' as fault where ${condition}`,
  )
  return `(select json_group_array(fault) from (${rows.join(' union all ')}))`
}

/** SQL, an expression: the decision for an order that is to be done unless it has one of the faults. */
function unlessFaulty(conditions: Partial<Record<ContractFault, string>>, kind: string): string {
  return `(select iif(faults = '[]', json_object('kind', '${kind}', 'numbersAsSent', json(:numbersAsSent)),
    json_object('kind', 'incorrect', 'faults', json(faults))) from (select ${faultsJson(conditions)} as faults))`
}

/** SQL that adds to the outcome what is only known when the contract has been written. */
function addFacts(isContract: string, kinds: string): string {
  return `update operations set outcome = json_set(outcome, '$.facts',
      json((select ${contractFactsJson('contracts')} from contracts where ${isContract})))
    where {mine} and {decided:${kinds}}`
}

const IS_SAME_CONTRACT = `exists (select 1 from contracts where source = ${API_CALLER.source}
  and ${columnPairs.join(' and ')})`
const IS_KEY_TAKEN = 'exists (select 1 from contracts where contract_key = :contractKey)'
const IS_KEY_ANOTHERS =
  'exists (select 1 from contracts where contract_key = :contractKey and id <> :contractId)'

/** Placeholders: `orderValues`. */
export const contractCreation = defineOperation<ContractCreation>(
  API_CALLER,
  'create-contract',
  `case when ${IS_SAME_CONTRACT} then json_object('kind', 'found', 'numbersAsSent', json(:numbersAsSent))
    else ${unlessFaulty({ contractKey: IS_KEY_TAKEN, productId: NO_PRODUCT }, 'created')} end`,
  [
    `insert into contracts (${columnNames}, source, created_at, updated_at)
     select ${columnValues}, ${API_CALLER.source}, :now, :now from api_keys
     where ${API_CALLER.isCaller} and {decided:created}`,
    addFacts('contract_key = :contractKey', 'created,found'),
  ],
)

/** Placeholders: `orderValues`, and `contractId`. */
export const contractChange = defineOperation<ContractChange>(
  API_CALLER,
  'update-contract',
  `case when not exists (select 1 from contracts where id = :contractId) then json_object('kind', 'not-found')
    else ${unlessFaulty(
      {
        contractKey: IS_KEY_ANOTHERS,
        productId: NO_PRODUCT,
        licenseKeysQuantity: `:licenseKeysQuantity < ${licenseKeysCount(':contractId')}`,
      },
      'updated',
    )} end`,
  [
    `update contracts set ${columnPairs.join(', ')}, updated_at = :now where id = :contractId and {decided:updated}`,
    addFacts('id = :contractId', 'updated'),
  ],
)
