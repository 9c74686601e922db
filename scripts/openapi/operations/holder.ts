import type { OperationText } from '../operation.ts'
import { contract } from './contracts.ts'
import { assignedKey } from './requests.ts'

const GENERATED_KEY = 'APP-GK5WD-7RVQ2-NYHXC-A9TPM-E4JBU'

/** What a contract's holder may do, by the contract key. */
export const holderOperations: readonly OperationText[] = [
  {
    path: '/api/v1/contracts/generate',
    summary: 'Generates license keys under a contract',
    details:
      "In the format of the product's generator. More than are left of the contract's quantity, or than the " +
      "deployment's MAX_QUANTITY, is 1206.",
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
    summary: 'What a contract is, and how many license keys were generated under it',
    details: 'Changes nothing.',
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
    summary: 'Destroys a license key of a contract',
    details: "With its activations and metadata. Its place in the contract's quantity is free again.",
    codes: ['contractKeyDeleted', 'contractKeyNotFound', 'capabilityMissing', 'contractNotFound'],
    example: { request: { license_key: GENERATED_KEY } },
  },
  {
    path: '/api/v1/contracts/destroy-all',
    summary: 'Destroys every license key of a contract',
    details: "With their activations and metadata. The contract's quantity is whole again.",
    codes: ['contractKeysDeleted', 'contractKeysNotFound', 'capabilityMissing', 'contractNotFound'],
    example: { request: {} },
  },
]
