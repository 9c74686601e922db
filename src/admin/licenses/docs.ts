import type { AdminDocs } from '../docs.ts'

const LICENSE = {
  id: 7,
  product: { id: 1, name: 'Demo product' },
  license_key: 'f3b0c2a1-5d6e-4f70-8a91-b2c3d4e5f607',
  status: 'assigned',
  owner_name: 'Ada Lovelace',
  owner_email: 'ada@example.com',
  activation_limit: 3,
  activations_used: 1,
  validity_days: 365,
  expires_at: '2027-11-24T08:30:00.000Z',
  assigned_at: '2026-11-24T08:30:00.000Z',
  created_at: '2026-11-24T08:30:00.000Z',
  updated_at: '2026-11-24T08:30:00.000Z',
}

const NEW_KEY = '0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d'

export const docs: AdminDocs = {
  tag: 'Licenses',
  description:
    'License keys, with their owners, devices and orders. Viewers see the first characters of license keys only.',
  endpoints: {
    'GET /licenses': {
      details:
        'Send one of `q`, `key`, `email`, `name` and `order`, or none for all licenses, newest first. `email` and `name` ' +
        'are the beginning of the text, in any case. `key` is the beginning of the license key; for viewers the whole key. ' +
        '`order` is a name that the payment provider gave to the order, a payment or the subscription, or the shop’s own id of ' +
        'the order. `q` searches all of them. A page may have fewer items than `limit` while `next_cursor` is not null.',
      answer: { items: [LICENSE], next_cursor: 'WzMsImFkYUBleGFtcGxlLmNvbSIsMSw3XQ' },
    },
    'POST /licenses': {
      details:
        'Issues up to 1,000 license keys. `origin`: `fresh` (the default) makes UUIDs, `generator` uses the format of the ' +
        'product, `stock` takes keys from its stock. Without terms, fresh keys never expire and have no limit, and others keep ' +
        'their own. `deliver` sends the keys like those of a sale: by e-mail and webhook, as far as they are set up.',
      request: {
        product_id: 1,
        quantity: 1,
        owner_name: 'Ada Lovelace',
        owner_email: 'ada@example.com',
        validity_days: 365,
        activation_limit: 3,
        features: ['pro'],
        metadata: { campaign: 'spring' },
        reference: 'invoice-31',
        deliver: true,
      },
      answer: {
        issuance_id: 5,
        items: [
          {
            id: 7,
            license_key: LICENSE.license_key,
            activation_limit: 3,
            validity_days: 365,
            created_at: LICENSE.created_at,
          },
        ],
        deliveries: [12],
      },
    },
    'GET /licenses/:id': {
      details:
        '`blocked_by` lists why the license is blocked: `payment` (a refund or dispute), `reissue`, `hand`. `features.own` is ' +
        'the list of the license itself, `features.effective` the one that counts. `held_seats` are devices that were freed ' +
        'while their license file was valid: they take a seat until it ends.',
      answer: {
        ...LICENSE,
        blocked_by: [],
        blocked_reason: 'The key was published.',
        issuance: {
          id: 5,
          source: 'stripe',
          origin: 'fresh',
          reference: '31',
          quantity: 1,
          order: { provider: 'stripe', order: 'cs_1', line: 'li_1', subscription: 'sub_1' },
          created_at: LICENSE.created_at,
        },
        contract_id: 1,
        features: { own: ['pro'], effective: ['pro'] },
        metadata: { campaign: 'spring' },
        devices: [
          {
            id: 3,
            identifier: 'laptop',
            activated_at: '2026-11-24T09:00:00.000Z',
            last_seen_at: '2026-11-28T09:00:00.000Z',
            takes_seat: true,
            file_ends_at: '2026-12-12T09:00:00.000Z',
          },
        ],
        held_seats: [{ identifier: 'old laptop', until: '2026-12-01T09:00:00.000Z' }],
        reissued_from: 6,
        reissued_as: 8,
      },
    },
    'PATCH /licenses/:id': {
      details:
        'Omitted fields keep their values. `null` removes an owner, a list of features or an entry of metadata. The validity of ' +
        'a subscription’s license becomes a number of days that later payments keep. What was issued is still told as it was ' +
        'issued when an order is repeated.',
      request: { owner_email: 'ada@example.org', metadata: { campaign: null }, reason: 'wrong address' },
      answer: { ...LICENSE, owner_email: 'ada@example.org' },
    },
    'POST /licenses/:id/block': {
      request: { reason: 'The key was published.' },
      answer: { ...LICENSE, status: 'blocked' },
    },
    'POST /licenses/:id/unblock': {
      details:
        'Ends a block by hand. If the payment was refunded meanwhile, the license stays blocked until that is reversed.',
      request: { reason: 'It was a mistake.' },
      answer: LICENSE,
    },
    'POST /licenses/:id/reissue': {
      details:
        'Blocks the license, and issues another with the same owner, terms and order. Its key is sent like that of a sale, ' +
        'unless `deliver` is false.',
      request: { reason: 'The owner published the key.', deliver: true },
      answer: { ...LICENSE, id: 8, license_key: NEW_KEY, reissued_from: 7, deliveries: [13] },
    },
    'DELETE /licenses/:id/devices/:device_id': {
      details:
        '`seat_taken_until` is null if the seat is free now. Otherwise the device has a license file that is valid until then, ' +
        'and `RELEASES_MAX` devices of this license were freed early in the last 30 days.',
      answer: { identifier: 'laptop', seat_taken_until: '2026-12-12T09:00:00.000Z' },
    },
    'GET /licenses/:id/timeline': {
      details:
        'What happened to the license, in the order of time. Viewers see no addresses, reasons and changed values.',
      answer: {
        items: [
          {
            at: '2026-11-24T08:30:05.000Z',
            kind: 'delivery-bounced',
            summary: 'The e-mail to ada@exampel.com bounced.',
            by: 'Grace Hopper',
            details: { delivery_id: 12, channel: 'email', recipient: 'ada@exampel.com', status: 'delivered' },
          },
        ],
        next_cursor: 'WzE3OTU1MDc3MjQwNTMsIjEyIl0',
      },
    },
    'GET /exports/licenses': {
      details:
        'All licenses by ascending id, with all that an import takes (format `keyseal`). `features` is the list of the license ' +
        'or of its offer. A page may be short if its licenses have many activations or much metadata.',
      answer: {
        items: [
          {
            id: 7,
            product_id: 1,
            license_key: LICENSE.license_key,
            status: 'assigned',
            owner_name: 'Ada Lovelace',
            owner_email: 'ada@example.com',
            activation_limit: 3,
            validity_days: 365,
            expires_at: LICENSE.expires_at,
            assigned_at: LICENSE.assigned_at,
            created_at: LICENSE.created_at,
            features: ['pro'],
            metadata: { campaign: 'spring' },
            activations: [{ identifier: 'laptop', created_at: '2026-11-24T09:00:00.000Z' }],
            reference: 'cs_1',
          },
        ],
        next_cursor: 'Wzdd',
      },
    },
  },
}
