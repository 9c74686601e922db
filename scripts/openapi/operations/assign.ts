import type { OperationText } from '../operation.ts'
import { assignedKey, ORDER, OWNER } from './requests.ts'

export const assignOperations: readonly OperationText[] = [
  {
    path: '/api/v1/assign-license-key',
    summary: 'Assigns one certain license key to an owner',
    details:
      'The key must be in stock or reserved, else the answer is 801: it is assigned once, however many ask ' +
      'at the same time. What is left out of the owner stays as it is.',
    codes: ['licenseKeyAssigned', 'licenseKeyNotAssignable'],
    example: {
      request: { license_key: 'DEMO-2F8K-1', owner_name: OWNER.owner_name, email: OWNER.owner_email },
    },
  },
  {
    path: '/api/v1/assign-and-activate-license-key',
    summary: 'Assigns a license key and activates it, both or neither',
    details:
      'For a device or domain that is known when the key is given away. The key must be in stock or ' +
      'reserved, else the answer is 801.',
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
    details:
      'This is how a shop issues an order: exactly once, however often it is repeated with the same ' +
      '`Idempotency-Key`. `generate` tells where the keys come from; all of them are assigned, or none.',
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
    details:
      'It answers 807 at once. When the keys are issued, one signed callback to `webhook_url` tells the ' +
      'answer 803, or 802, 805 or 806 where they can not be issued; it is sent again until it is answered, ' +
      'for more than two days.',
    codes: ['requestQueued', 'stockInsufficient', 'incorrectData', 'productNotFound', 'generatorNotFound'],
    example: { request: { ...ORDER, quantity: 5000, webhook_url: 'https://shop.example/keys' } },
  },
]
