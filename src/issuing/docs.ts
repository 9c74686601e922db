/** Texts for the OpenAPI description of the endpoints in this folder. */
import { assignedKey, type DocsByPath, OWNER } from '../http/docs.ts'

const ORDER = { product_id: 1, ...OWNER, quantity: 1, validity: 365, activation_limit: 3 } as const

export const docs: DocsByPath = {
  '/api/v1/random-assign-license-keys': {
    details:
      'Issues an order exactly once, even if you repeat it with the same `Idempotency-Key`. `generate` ' +
      "selects new keys or keys from the product's stock. Assigns all keys or none.",
    example: {
      request: ORDER,
      fields: { license_keys: [assignedKey(5, '28600943-4ea2-4059-9940-acccad11d0e6')] },
    },
  },
  '/api/v1/random-assign-license-keys-queued': {
    details:
      'Returns 807 immediately. Later, a signed callback to `webhook_url` delivers the result: 803 with ' +
      'the keys, or 802, 805 or 806 if the order cannot be issued. Keyseal retries the callback for more ' +
      'than two days until your server confirms it.',
    example: { request: { ...ORDER, quantity: 5000, webhook_url: 'https://shop.example/keys' } },
  },
}
