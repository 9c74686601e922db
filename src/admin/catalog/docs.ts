import type { AdminDocs } from '../docs.ts'

const PRODUCT = {
  id: 1,
  name: 'Photo editor',
  description: 'Edits photos.',
  status: 'active',
  source: 'internal',
  external_reference: 'SKU-1',
  require_non_expired: false,
  delivery_webhook_url: 'https://shop.example/deliveries',
  features: ['raw', 'batch'],
  domain_devices: false,
  trial_days: 14,
  any_machine_files: false,
  offline_page: true,
  created_at: '2026-11-24T08:30:00.000Z',
  updated_at: '2026-11-24T08:30:00.000Z',
}

export const docs: AdminDocs = {
  tag: 'Products and offers',
  description:
    'What is sold: products, the format of their license keys (generators), what payment providers sell (offers), and ' +
    'license keys that were made elsewhere (stock).',
  endpoints: {
    'GET /products': {
      details: 'By ascending id. Deleted products are left out.',
      answer: { items: [PRODUCT], next_cursor: 'WzFd' },
    },
    'GET /products/:id': { answer: { ...PRODUCT, metadata: { channel: 'beta' } } },
    'POST /products': {
      details:
        'The product gets a default generator: UUIDs, activation limit 1, no expiry. `features` are what its license keys ' +
        'unlock, unless their offer or the key has a list. `trial_days` permits trials. `domain_devices` means that its ' +
        'devices are domains. `any_machine_files` permits license files for any machine, and `offline_page` the page ' +
        '`/offline`. `delivery_webhook_url` receives its orders instead of `DELIVERY_WEBHOOK_URL`.',
      request: {
        name: 'Photo editor',
        features: ['raw', 'batch'],
        trial_days: 14,
        metadata: { channel: 'beta' },
      },
      answer: PRODUCT,
    },
    'PATCH /products/:id': {
      details:
        'Omitted fields keep their values, and `null` removes a value. In `metadata`, `null` deletes an entry. The license ' +
        'keys of an `inactive` product are invalid, and none are issued, until it is `active` again.',
      request: { name: 'Photo editor 2', trial_days: null, metadata: { channel: null } },
      answer: { ...PRODUCT, name: 'Photo editor 2' },
    },
    'DELETE /products/:id': {
      details:
        'This cannot be undone. License keys that were issued for the product remain, but are invalid. To pause a product, ' +
        'set its `status` to `inactive`.',
    },
  },
}
