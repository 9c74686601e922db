/** What the API's description says of the endpoints in this folder. */
import { assignedKey, type DocsByPath, OWNER } from '../http/docs.ts'

const ORDER = { product_id: 1, ...OWNER, quantity: 1, validity: 365, activation_limit: 3 } as const

export const docs: DocsByPath = {
  '/api/v1/random-assign-license-keys': {
    details:
      'Issues an order exactly once, however often you repeat it with the same `Idempotency-Key`. ' +
      "`generate` decides whether the keys are new or come from the product's stock. Either all keys are " +
      'assigned or none.',
    example: {
      request: ORDER,
      fields: { license_keys: [assignedKey(5, '28600943-4ea2-4059-9940-acccad11d0e6')] },
    },
  },
  '/api/v1/random-assign-license-keys-queued': {
    details:
      'Answers 807 at once. When the keys are issued, a signed callback to `webhook_url` brings the answer: ' +
      '803, or 802, 805 or 806 if the order cannot be issued. The callback is repeated for more than two ' +
      'days until your server confirms it.',
    example: { request: { ...ORDER, quantity: 5000, webhook_url: 'https://shop.example/keys' } },
  },
}
