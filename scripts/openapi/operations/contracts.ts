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
    summary: 'Lets whoever is given the contract key generate license keys of a product',
    details:
      'Its holder may generate as many license keys as the contract says. The same contract created again, ' +
      'by the same API key and with the same fields, is the one there is. Choose contract keys that can not ' +
      'be guessed, such as random UUIDs.',
    codes: ['contractCreated', 'contractIncorrect'],
    example: { request: TERMS, fields: { contract: CREATED } },
  },
  {
    path: '/api/v1/update-contract',
    summary: 'Puts other terms into a contract, all of them',
    details:
      "It answers 841, the code of a contract that was created, as the protocol's servers do. A contract " +
      'never permits fewer license keys than exist under it.',
    codes: ['contractCreated', 'contractIncorrect', 'contractToChangeNotFound'],
    example: {
      request: { contract_id: 1, ...TERMS, license_keys_quantity: 200 },
      fields: { contract: contract(200, 0) },
    },
  },
  {
    path: '/api/v1/get-all-contracts',
    summary: 'Every contract, by ascending id',
    details: 'With their contract keys, which are secrets, and how many license keys exist under each.',
    codes: ['allContracts'],
    example: { request: {}, fields: { contracts: [contract(200, 0)] } },
  },
]

export const lastContractsOperations: readonly OperationText[] = [
  {
    path: '/api/v1/delete-contract',
    summary: 'Deletes a contract; what was issued under it stays',
    details: 'Its contract key is good for nothing from then on.',
    codes: ['contractDeleted', 'contractToChangeNotFound'],
    example: { request: { contract_id: 1 } },
  },
]
