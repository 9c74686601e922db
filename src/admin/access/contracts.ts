/** `/admin/v1/contracts`: whose holders may generate a number of license keys. Only owners see contract keys. */
import { defineOperation, perform } from '../../callers/operation.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import { defineQuery, runQuery } from '../../callers/query.ts'
import { type Contract, contractJson } from '../../contracts/contract.ts'
import { contractCreation } from '../../contracts/create-contract.ts'
import { contractDeletion } from '../../contracts/delete-contract.ts'
import { contractChange } from '../../contracts/update-contract.ts'
import { optional } from '../../protocol/fields.ts'
import { page } from '../cursor.ts'
import { adminEndpoint } from '../endpoint.ts'
import { etagOf, ifUnchanged, PROBLEMS_OF_CHANGES, productId } from '../fields.ts'
import { listById, pageById } from '../list-by-id.ts'
import {
  CHANGES,
  CURRENT_KEY,
  INCORRECT,
  INFORMATION,
  type Incorrect,
  NAME,
  OTHER_FIELDS,
  QUANTITY,
  type Stored,
  shownContract,
  storedAnswer,
  storedMembers,
  termValues,
} from './contract.ts'

const READ = { role: 'viewer' } as const
const WRITE = { role: 'owner' } as const
const READERS = operatorAuthority(READ)
const WRITERS = operatorAuthority(WRITE)

const selectContracts = listById<Contract>(READ, {
  table: 'contracts',
  item: contractJson('contracts'),
  where: '(:productId is null or contracts.product_id = :productId)',
})

export const listContracts = adminEndpoint({
  method: 'GET',
  path: '/contracts',
  summary: 'List contracts',
  ...READ,
  query: () => ({ product_id: optional(productId), ...page() }),
  problems: {},
  handle: (call) => selectContracts(call, { productId: call.query.product_id ?? null }),
  answer: ({ items }, { call, role }) => ({
    body: pageById(items, call.query, (contract) => shownContract(contract, role)),
  }),
})

type Shown = { readonly kind: 'found'; readonly contract: Contract } | { readonly kind: 'not-found' }

const selectContract = defineQuery<Shown>(
  READERS,
  `coalesce((select json_object('kind', 'found', 'contract', ${contractJson('contracts')}) from contracts
    where contracts.id = :contractId), json_object('kind', 'not-found'))`,
)

export const showContract = adminEndpoint({
  method: 'GET',
  path: '/contracts/:id',
  summary: 'Show a contract',
  ...READ,
  problems: { 'not-found': 'not-found' },
  handle: (call) => runQuery(call, selectContract, { contractId: call.path.id }),
  answer: ({ contract }, { role }) => ({
    body: shownContract(contract, role),
    headers: etagOf(contract.updatedAt),
  }),
})

const CREATION = contractCreation(WRITERS)

type Created = ({ readonly kind: 'created' | 'found' } & Stored) | Incorrect

const create = defineOperation<Created>({
  authority: WRITERS,
  name: 'contracts.create',
  ...CREATION,
  writes: (sql) => [
    ...CREATION.writes(sql),
    sql.addToOutcome(storedMembers(`outcome ->> '$.facts.id'`), 'created', 'found'),
  ],
  currentMembers: CURRENT_KEY,
})

export const createContract = adminEndpoint({
  method: 'POST',
  path: '/contracts',
  summary: 'Add a contract',
  ...WRITE,
  body: () => ({
    name: NAME,
    information: INFORMATION,
    product_id: productId,
    license_keys_quantity: QUANTITY,
    ...OTHER_FIELDS,
  }),
  problems: { incorrect: INCORRECT },
  handle: ({ body, ...call }) =>
    perform(
      call,
      create,
      termValues({
        ...body,
        contract_key: body.contract_key ?? crypto.randomUUID(),
        status: body.status ?? 'active',
        can_get_info: body.can_get_info ?? true,
        can_generate: body.can_generate ?? true,
        can_destroy: body.can_destroy ?? false,
        can_destroy_all: body.can_destroy_all ?? false,
      }),
    ),
  answer: (outcome) => ({ status: 201, ...storedAnswer(outcome) }),
})

type Changed =
  | ({ readonly kind: 'updated' } & Stored)
  | { readonly kind: 'not-found' | 'version-mismatch' }
  | Incorrect

const change = defineOperation<Changed>({
  authority: WRITERS,
  name: 'contracts.update',
  ...contractChange,
  decision: ifUnchanged('contracts where id = :contractId', contractChange.decision),
  writes: (sql) => [...contractChange.writes(sql), sql.addToOutcome(storedMembers(':contractId'), 'updated')],
  currentMembers: CURRENT_KEY,
})

export const updateContract = adminEndpoint({
  method: 'PATCH',
  path: '/contracts/:id',
  summary: 'Change a contract',
  ...WRITE,
  body: () => CHANGES,
  problems: { ...PROBLEMS_OF_CHANGES, incorrect: INCORRECT },
  handle: ({ body, ...call }) =>
    perform(call, change, { contractId: call.path.id, ifMatch: call.ifMatch, ...termValues(body) }),
  answer: (outcome) => storedAnswer(outcome),
})

interface Deleted {
  readonly kind: 'deleted' | 'not-found' | 'version-mismatch'
}

const deletion = defineOperation<Deleted>({
  authority: WRITERS,
  name: 'contracts.delete',
  ...contractDeletion,
  decision: ifUnchanged('contracts where id = :contractId', contractDeletion.decision),
})

export const deleteContract = adminEndpoint({
  method: 'DELETE',
  path: '/contracts/:id',
  summary: 'Delete a contract',
  ...WRITE,
  problems: PROBLEMS_OF_CHANGES,
  handle: (call) => perform(call, deletion, { contractId: call.path.id, ifMatch: call.ifMatch }),
  answer: () => ({ status: 204 }),
})

export const CONTRACT_ENDPOINTS = [
  listContracts,
  showContract,
  createContract,
  updateContract,
  deleteContract,
]
