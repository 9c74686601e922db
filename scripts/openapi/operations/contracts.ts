import type { OperationText } from '../operation.ts'
import { CONTRACT_KEY } from './requests.ts'

const TERMS = {
  contract_key: CONTRACT_KEY,
  contract_name: 'Reseller',
  contract_information: 'Sells the demo product.',
  product_id: 1,
  license_keys_quantity: 100,
  status: 'active',
  can_get_info: 1,
  can_generate: 1,
  can_destroy: 1,
  can_destroy_all: 1,
} as const

const PERMISSIONS = { can_get_info: 1, can_generate: 1, can_destroy: 1, can_destroy_all: 1 } as const

const DATES = {
  created_at: '2026-11-24T08:30:00.000000Z',
  updated_at: '2026-11-24T08:30:00.000000Z',
} as const

/** As a contract is told once it exists. */
export function contract(quantity: number, count: number) {
  return {
    id: 1,
    name: 'Reseller',
    information: 'Sells the demo product.',
    contract_key: CONTRACT_KEY,
    license_keys_quantity: quantity,
    product_id: 1,
    ...PERMISSIONS,
    status: 'active',
    ...DATES,
    license_keys_count: count,
  }
}

const CREATED = {
  contract_key: CONTRACT_KEY,
  name: 'Reseller',
  information: 'Sells the demo product.',
  product_id: 1,
  license_keys_quantity: 100,
  status: 'active',
  ...PERMISSIONS,
  updated_at: '2026-11-24T08:30:00.000000Z',
  created_at: '2026-11-24T08:30:00.000000Z',
  id: 1,
  license_keys_count: 0,
}

/** The first half of the story of a contract; its holder's endpoints come next. */
export const contractsOperations: readonly OperationText[] = [
  {
    path: '/api/v1/create-contract',
    summary: 'Create a contract',
    details:
      'The holder of the contract key may generate as many license keys as the contract allows. Repeating ' +
      'the call with the same API key and the same fields returns the existing contract. Choose contract ' +
      'keys that cannot be guessed, such as random UUIDs.',
    codes: ['contractCreated', 'contractIncorrect'],
    example: { request: TERMS, fields: { contract: CREATED } },
  },
  {
    path: '/api/v1/update-contract',
    summary: 'Update a contract',
    details:
      'Replaces all terms of the contract. It answers 841, the code for a created contract, as the ' +
      "protocol's servers do. A contract never allows fewer license keys than exist under it.",
    codes: ['contractCreated', 'contractIncorrect', 'contractToChangeNotFound'],
    example: {
      request: { contract_id: 1, ...TERMS, license_keys_quantity: 200 },
      fields: { contract: contract(200, 0) },
    },
  },
  {
    path: '/api/v1/get-all-contracts',
    summary: 'List contracts',
    details:
      'By ascending id. Each contract comes with its contract key, which is a secret, and with the number ' +
      'of license keys under it.',
    codes: ['allContracts'],
    example: { request: {}, fields: { contracts: [contract(200, 0)] } },
  },
]

export const lastContractsOperations: readonly OperationText[] = [
  {
    path: '/api/v1/delete-contract',
    summary: 'Delete a contract',
    details: 'Its contract key stops working. License keys that were issued under it stay.',
    codes: ['contractDeleted', 'contractToChangeNotFound'],
    example: { request: { contract_id: 1 } },
  },
]
