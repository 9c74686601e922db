import type { OperationText } from '../operation.ts'
import { assignedKey, ORDER, OWNER } from './requests.ts'

export const assignOperations: readonly OperationText[] = [
  {
    path: '/api/v1/assign-license-key',
    summary: 'Assign a license key',
    details:
      'Assigns one specific key. The key must be in stock or reserved, else the answer is 801. A key is ' +
      'assigned only once, even when requests race. Owner fields that you leave out stay as they are.',
    codes: ['licenseKeyAssigned', 'licenseKeyNotAssignable'],
    example: {
      request: { license_key: 'DEMO-2F8K-1', owner_name: OWNER.owner_name, email: OWNER.owner_email },
    },
  },
  {
    path: '/api/v1/assign-and-activate-license-key',
    summary: 'Assign and activate a license key',
    details:
      'Does both or neither. Use it if you know the device or domain when you hand out the key. The key ' +
      'must be in stock or reserved, else the answer is 801.',
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
    summary: 'Issue license keys for an order',
    details:
      'Issues an order exactly once, however often you repeat it with the same `Idempotency-Key`. ' +
      "`generate` decides whether the keys are new or come from the product's stock. Either all keys are " +
      'assigned or none.',
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
    summary: 'Queue an order for license keys',
    details:
      'Answers 807 at once. When the keys are issued, a signed callback to `webhook_url` brings the answer: ' +
      '803, or 802, 805 or 806 if the order cannot be issued. The callback is repeated for more than two ' +
      'days until your server confirms it.',
    codes: ['requestQueued', 'stockInsufficient', 'incorrectData', 'productNotFound', 'generatorNotFound'],
    example: { request: { ...ORDER, quantity: 5000, webhook_url: 'https://shop.example/keys' } },
  },
]
