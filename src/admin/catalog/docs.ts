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

const GENERATOR = {
  id: 3,
  product_id: 1,
  method: 'chunk-system',
  prefix: 'APP-',
  suffix: '',
  charset: '23456789ABCDEFGHJKMNPQRSTUVWXYZ',
  chunks: 5,
  chunk_length: 5,
  random_bits: 123.9,
  activation_limit: 3,
  validity_days: 365,
  status: 'active',
  is_in_use: true,
  created_at: '2026-11-24T08:30:00.000Z',
  updated_at: '2026-11-24T08:30:00.000Z',
}

const OFFER = {
  id: 4,
  provider: 'stripe',
  external_id: 'price_1QAbCdEfGh',
  product_id: 1,
  mode: 'key-per-unit',
  keys_per_unit: 1,
  validity_days: 0,
  activation_limit: 3,
  follows_subscription: true,
  grace_days: 3,
  features: ['raw', 'batch'],
  removed_at: null,
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
    'GET /generators': {
      details:
        'By ascending id, without those of deleted products. Orders with `generate` use the newest active generator of ' +
        'their product: `is_in_use`.',
      answer: { items: [GENERATOR], next_cursor: 'WzNd' },
    },
    'GET /generators/:id': { answer: GENERATOR },
    'POST /generators': {
      details:
        'Orders use it from now on. `uuid` makes random UUIDs. `chunk-system` makes `chunks` chunks of `chunk_length` random ' +
        'characters from `charset`, joined by `-`: by default 4 chunks of 4 characters that do not look alike. A license key ' +
        'needs at least 64 random bits.',
      request: {
        product_id: 1,
        method: 'chunk-system',
        prefix: 'APP-',
        chunks: 5,
        chunk_length: 5,
        activation_limit: 3,
        validity_days: 365,
      },
      answer: GENERATOR,
    },
    'PATCH /generators/:id': {
      details:
        'Changes the terms of the license keys that it makes from now on, or turns it off. To change their format, add a ' +
        'generator. If a product has no active generator, its orders with `generate` are refused.',
      request: { status: 'inactive' },
      answer: { ...GENERATOR, status: 'inactive', is_in_use: false },
    },
    'GET /offers': {
      details: 'By ascending id, without removed offers.',
      answer: { items: [OFFER], next_cursor: 'WzRd' },
    },
    'GET /offers/:id': {
      details: 'Removed offers, too, since earlier orders refer to them.',
      answer: OFFER,
    },
    'POST /offers': {
      details:
        "`external_id` is the provider's id of what is sold: a price, product, variant or payment link. With the mode `seats`, " +
        'an order gets one license key for `activation_limit` times its quantity. License keys of a subscription expire ' +
        '`grace_days` after the end of what was paid for, unless `follows_subscription` is false. If another offer sells the ' +
        'same already, the answer is `conflict`. With `"replace": true` the new terms count for orders from now on, and the ' +
        'offer gets a new id. Events that arrived before their offer are `unmapped`: retry them.',
      request: {
        provider: 'stripe',
        external_id: 'price_1QAbCdEfGh',
        product_id: 1,
        activation_limit: 3,
        features: ['raw', 'batch'],
        replace: true,
      },
      answer: OFFER,
    },
    'DELETE /offers/:id': {
      details: 'No more license keys are issued for it. Those that it issued do not change.',
    },
    'GET /stock': {
      details: 'How many license keys of each product can be sold from stock.',
      answer: { items: [{ product: { id: 1, name: 'Photo editor' }, available: 250 }], next_cursor: 'WzFd' },
    },
    'POST /stock': {
      details:
        'License keys that exist already do not change: `existing` lists them with their product. A repeated request adds ' +
        'none twice. `warnings` says if license keys are easy to guess.',
      request: {
        product_id: 1,
        license_keys: ['APP-5TQ8C-MX2VN-H7KPA-WD3GR-ZB9SE', 'APP-U4YNJ-6CFWT-RA8QM-2XVHK-P7DGZ'],
        activation_limit: 3,
        validity_days: 365,
      },
      answer: {
        added: 1,
        existing: [{ license_key: 'APP-U4YNJ-6CFWT-RA8QM-2XVHK-P7DGZ', product_id: 1 }],
        warnings: ['1 of 2 license keys have less than 64 bits.'],
      },
    },
  },
}
