/** Texts for the OpenAPI description of the endpoints in this folder. */
import { assignedKey, type DocsByPath } from '../http/docs.ts'

/** A contract key is a credential, so it must be hard to guess. */
export const CONTRACT_KEY = '0bd4f5a2-7c1e-4a53-9d0a-3f2b8f6e9c17'

const GENERATED_KEY = 'APP-GK5WD-7RVQ2-NYHXC-A9TPM-E4JBU'

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

/** A contract in the responses of all endpoints except `create-contract`. */
function contract(quantity: number, count: number) {
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

export const docs: DocsByPath = {
  '/api/v1/create-contract': {
    details:
      'The holder of the contract key may generate as many license keys as the contract permits. ' +
      'Repeating the request with the same API key and fields returns the existing contract. Choose ' +
      'contract keys that are hard to guess, such as random UUIDs.',
    example: { request: TERMS, fields: { contract: CREATED } },
  },
  '/api/v1/update-contract': {
    details:
      'Replaces all terms of the contract. Returns 841, the code for a created contract, like other ' +
      'servers of the protocol. Rejects a quantity below the number of license keys under the contract.',
    example: {
      request: { contract_id: 1, ...TERMS, license_keys_quantity: 200 },
      fields: { contract: contract(200, 0) },
    },
  },
  '/api/v1/get-all-contracts': {
    details:
      'Sorted by ascending id. Each contract includes its contract key, which is a secret, and the number ' +
      'of license keys under it.',
    example: { request: {}, fields: { contracts: [contract(200, 0)] } },
  },
  '/api/v1/contracts/generate': {
    details:
      "The product's generator sets the format. Returns 1206 if the quantity exceeds the rest of the " +
      "contract's quantity or the deployment's MAX_QUANTITY.",
    example: {
      request: { quantity: 2 },
      fields: {
        license_keys: [GENERATED_KEY, 'APP-3ZBUP-QM8WR-C6XJE-T2KHD-VN7AF'].map((licenseKey, index) => ({
          ...assignedKey(6 + index, licenseKey, 1),
          owner_name: 'Not set',
          owner_email: 'Not set',
        })),
      },
    },
  },
  '/api/v1/contracts/get-info': {
    details: 'Returns the terms of the contract and the number of license keys under it. Changes nothing.',
    example: { request: {}, fields: { contract: contract(200, 2) } },
  },
  '/api/v1/contracts/destroy': {
    details: 'Deletes the key with its activations and metadata. The contract may then generate another key.',
    example: { request: { license_key: GENERATED_KEY } },
  },
  '/api/v1/contracts/destroy-all': {
    details:
      'Deletes all keys of the contract with their activations and metadata. The full quantity of the ' +
      'contract is then available again.',
    example: { request: {} },
  },
  '/api/v1/delete-contract': {
    details: 'The contract key stops working. License keys under the contract remain.',
    example: { request: { contract_id: 1 } },
  },
}
