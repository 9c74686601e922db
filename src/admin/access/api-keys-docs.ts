import type { AdminDocs } from '../docs.ts'

const API_KEY = {
  id: 3,
  name: 'My shop',
  key_start: 'ks_Yx3kQ',
  status: 'active',
  capabilities: ['assign', 'stock'],
  allowed_networks: ['203.0.113.0/24'],
  product_ids: [1],
  expires_at: '2027-11-28T00:00:00.000Z',
  last_used_at: '2026-11-28T18:00:00.000Z',
  created_at: '2026-11-24T08:30:00.000Z',
  updated_at: '2026-11-24T08:30:00.000Z',
}

export const docs: AdminDocs = {
  tag: 'API keys',
  description:
    'Keys of shops and software for the license API. A key with `product_ids` acts only on these products: license keys of ' +
    'others are unknown to it, and its lists leave them out. `last_used_at` is exact to within an hour.',
  endpoints: {
    'GET /api-keys': { answer: { items: [API_KEY], next_cursor: 'WzNd' } },
    'GET /api-keys/:id': { answer: API_KEY },
    'POST /api-keys': {
      details:
        'The answer contains the API key, which the server does not store. A repeated request with the same ' +
        '`Idempotency-Key` answers `null` for it. Without `capabilities` it has all of them. `null` for `allowed_networks`, ' +
        '`product_ids` or `expires_at` means no limit.',
      request: {
        name: 'My shop',
        capabilities: ['assign', 'stock'],
        allowed_networks: ['203.0.113.0/24'],
        product_ids: [1],
        expires_at: '2027-11-28',
      },
      answer: { ...API_KEY, last_used_at: null, api_key: 'ks_Yx3kQ0hTtq2nJ8mSxv5rWZ6aLd9pCe1fGbHuIkMoNsE' },
    },
    'PATCH /api-keys/:id': {
      details: 'Omitted fields keep their values. `null` removes a limit.',
      request: { product_ids: null },
      answer: { ...API_KEY, product_ids: null },
    },
    'POST /api-keys/:id/revoke': {
      details: 'The API key stops working. This cannot be undone.',
      answer: { ...API_KEY, status: 'inactive' },
    },
  },
}
