import type { OperationText } from '../operation.ts'
import { contract } from './contracts.ts'
import { assignedKey } from './requests.ts'

const GENERATED_KEY = 'APP-GK5WD-7RVQ2-NYHXC-A9TPM-E4JBU'

/** What a contract's holder may do, by the contract key. */
export const holderOperations: readonly OperationText[] = [
  {
    path: '/api/v1/contracts/generate',
    summary: 'Generate license keys',
    details:
      "The product's generator decides the format. Asking for more keys than the contract has left, or more " +
      "than the deployment's MAX_QUANTITY, answers 1206.",
    codes: [
      'contractKeysGenerated',
      'capabilityMissing',
      'incorrectData',
      'contractNotFound',
      'productOfContractNotFound',
      'generatorOfContractNotFound',
      'contractQuotaReached',
      'contractQuotaExceeded',
    ],
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
  {
    path: '/api/v1/contracts/get-info',
    summary: 'Get the contract',
    details: 'Returns the terms of the contract and how many license keys exist under it. Changes nothing.',
    codes: [
      'contractFound',
      'capabilityMissing',
      'contractNotFound',
      'productOfContractNotFound',
      'generatorOfContractNotFound',
    ],
    example: { request: {}, fields: { contract: contract(200, 2) } },
  },
  {
    path: '/api/v1/contracts/destroy',
    summary: 'Destroy a license key',
    details: 'Deletes the key with its activations and metadata. The contract may then generate another one.',
    codes: ['contractKeyDeleted', 'contractKeyNotFound', 'capabilityMissing', 'contractNotFound'],
    example: { request: { license_key: GENERATED_KEY } },
  },
  {
    path: '/api/v1/contracts/destroy-all',
    summary: 'Destroy all license keys',
    details:
      "Deletes every key of the contract with its activations and metadata. The contract's whole quantity " +
      'is available again.',
    codes: ['contractKeysDeleted', 'contractKeysNotFound', 'capabilityMissing', 'contractNotFound'],
    example: { request: {} },
  },
]
