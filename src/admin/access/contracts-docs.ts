import type { AdminDocs } from '../docs.ts'

const CONTRACT = {
  id: 5,
  contract_key: '6d1c7b0e-98b2-4a57-9a1f-2f6f0c3f7f51',
  name: 'Reseller',
  information: 'Ten seats',
  product_id: 1,
  license_keys_quantity: 10,
  license_keys_count: 4,
  status: 'active',
  can_get_info: true,
  can_generate: true,
  can_destroy: false,
  can_destroy_all: false,
  created_at: '2026-11-24T08:30:00.000Z',
  updated_at: '2026-11-24T08:30:00.000Z',
}

export const docs: AdminDocs = {
  tag: 'Contracts',
  description:
    'A contract allows the holder of its key, such as a reseller, to generate a limited number of license keys of a ' +
    'product. Only owners see contract keys; for others `contract_key` is `null`.',
  endpoints: {
    'GET /contracts': { details: 'By ascending id.', answer: { items: [CONTRACT], next_cursor: 'WzVd' } },
    'GET /contracts/:id': { answer: CONTRACT },
    'POST /contracts': {
      details:
        'Without `contract_key` the server makes one at random. The holder may read the contract and generate license keys, ' +
        'and may not destroy any, unless the request says otherwise.',
      request: { name: 'Reseller', information: 'Ten seats', product_id: 1, license_keys_quantity: 10 },
      answer: { ...CONTRACT, license_keys_count: 0 },
    },
    'PATCH /contracts/:id': {
      details:
        'Omitted fields keep their values. `license_keys_quantity` cannot be less than the license keys that exist under ' +
        'the contract. A new `contract_key` replaces the old one immediately.',
      request: { license_keys_quantity: 20 },
      answer: { ...CONTRACT, license_keys_quantity: 20 },
    },
    'DELETE /contracts/:id': { details: 'The key of the contract stops working. Its license keys remain.' },
  },
}
