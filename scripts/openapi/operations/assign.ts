import type { OperationText } from '../operation.ts'
import { assignedKey, ORDER, OWNER } from './requests.ts'

export const assignOperations: readonly OperationText[] = [
  {
    path: '/api/v1/assign-license-key',
    summary: 'Assigns one certain license key to an owner',
    codes: ['licenseKeyAssigned', 'licenseKeyNotAssignable'],
    example: {
      request: { license_key: 'DEMO-2F8K-1', owner_name: OWNER.owner_name, email: OWNER.owner_email },
    },
  },
  {
    path: '/api/v1/assign-and-activate-license-key',
    summary: 'Assigns a license key and activates it, both or neither',
    codes: [
      'licenseKeyActivated',
      'licenseKeyAlreadyActive',
      'activationLimitReached',
      'productNotActive',
      'identifierRequired',
      'licenseKeyNotAssignable',
      'incorrectData',
    ],
    example: {
      request: { license_key: 'DEMO-2F8K-2', identifier: 'example.com', ...OWNER },
    },
  },
  {
    path: '/api/v1/random-assign-license-keys',
    summary: "Assigns license keys to an owner: new ones, or such as are in the product's stock",
    codes: [
      'licenseKeysAssigned',
      'stockInsufficient',
      'incorrectData',
      'productNotFound',
      'generatorNotFound',
    ],
    example: {
      request: ORDER,
      fields: { license_keys: [assignedKey(5, '28600943-4ea2-4059-9940-acccad11d0e6')] },
    },
  },
]

/** Told last, since the keys that it issues come when they come. */
export const queueOperations: readonly OperationText[] = [
  {
    path: '/api/v1/random-assign-license-keys-queued',
    summary: 'Takes an order for many license keys, which a callback to webhook_url tells',
    codes: ['requestQueued', 'stockInsufficient', 'incorrectData', 'productNotFound', 'generatorNotFound'],
    example: { request: { ...ORDER, quantity: 5000, webhook_url: 'https://shop.example/keys' } },
  },
]
