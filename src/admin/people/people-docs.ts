import type { AdminDocs } from '../docs.ts'

const AT = '2026-11-28T18:00:00.000Z'

const STATE = {
  product_id: 1,
  status: 'assigned',
  owner_name: 'Ada Lovelace',
  owner_email: 'ada@example.com',
  activation_limit: 3,
  validity_days: 365,
  assigned_at: 1_795_507_755_325,
  expires_at: 1_827_043_755_325,
  features: ['pro'],
  metadata: {},
}

const ENTRY = {
  id: 812,
  at: AT,
  actor: 'operator:2',
  action: 'licenses.block',
  subject: 'license:7',
  reason: 'Refunded by hand',
  before: STATE,
  after: { ...STATE, status: 'blocked' },
}

const DELIVERY = {
  id: 31,
  channel: 'email',
  recipient: null,
  status: 'delivered',
  attempts: 1,
  result: 'HTTP 200',
  arrived_at: AT,
  bounce: null,
  created_at: AT,
  updated_at: AT,
}

export const docs: AdminDocs = {
  tag: 'People and audit',
  description:
    'What is stored about a buyer, and how it is erased: see [docs/privacy.md](privacy.md). The audit says who changed what.',
  endpoints: {
    'GET /people': {
      details:
        'All that is stored about an e-mail address: letters of ASCII match in either case. `limit` counts for each list. ' +
        'Add the lists of all pages, until `next_cursor` is `null`. If a license ' +
        'has more devices or metadata than its lists, `devices_count` and `metadata_count` tell: read that license by itself. A payload of more than ' +
        '10,000 bytes is `null`.',
      answer: {
        email: 'ada@example.com',
        orders: [
          {
            id: 4,
            source: 'stripe',
            reference: null,
            product_id: 1,
            quantity: 1,
            owner_name: 'Ada Lovelace',
            owner_email: 'ada@example.com',
            ordered_at: AT,
            line: { provider: 'stripe', order: 'pi_3Qk', line: 'li_1', subscription: null },
            deliveries: [DELIVERY],
          },
        ],
        licenses: [
          {
            id: 7,
            license_key: '6f1f9a52-6c7a-4a0e-a5a2-1f1f6a0f1f1f',
            product_id: 1,
            status: 'assigned',
            order_id: 4,
            owner_name: 'Ada Lovelace',
            owner_email: 'ada@example.com',
            activation_limit: 3,
            assigned_at: AT,
            expires_at: null,
            deliveries: [],
            devices: [{ id: 12, identifier: 'laptop', activated_at: AT, last_seen_at: AT }],
            devices_count: 1,
            freed_devices: [{ identifier: 'old-laptop', freed_at: AT }],
            metadata: [{ name: 'company', value: 'ACME' }],
            metadata_count: 1,
          },
        ],
        queued_orders: [
          {
            id: 2,
            source: 'api:1',
            reference: '31',
            product_id: 1,
            quantity: 500,
            status: 'issued',
            owner_name: 'Ada Lovelace',
            owner_email: 'ada@example.com',
            ordered_at: AT,
            deliveries: [{ ...DELIVERY, channel: 'callback' }],
          },
        ],
        deliveries: [{ ...DELIVERY, id: 32, recipient: 'ada@example.com' }],
        events: [
          {
            id: 90,
            provider: 'stripe',
            event_id: 'evt_1Qk',
            type: 'checkout.session.completed',
            order: 'pi_3Qk',
            outcome: 'issued',
            received_at: AT,
            payload: '{"id":"evt_1Qk"}',
          },
        ],
        // Their states differ by subject.
        audit_entries: [{ ...ENTRY, before: {}, after: {} }],
        operators: [
          {
            id: 2,
            name: 'Ada Lovelace',
            email: 'ada@example.com',
            role: 'support',
            status: 'active',
            last_used_at: AT,
            created_at: AT,
          },
        ],
        next_cursor: null,
      },
    },
    'POST /people/erase': {
      details:
        'Licenses keep working, with the owner `Erased` and the address `erased@owner.invalid`, to which no mail can be sent. ' +
        'A repeated order or webhook does not bring the person back. With status 202, the server erases the rest within minutes; ' +
        'send the request again to wait for it. A subscription that runs refuses it: the answer names the subscription.',
      request: { email: 'ada@example.com' },
      answer: { erasure_id: 3, orders: 2, is_complete: true },
    },
    'GET /audit': {
      details:
        'Newest first. `from` is included, `before` is not. To export, use `limit=1000` and go on until `next_cursor` is `null`. ' +
        'For a `viewer`, owners, addresses, license keys, metadata and reasons are hidden. Entries are kept for `AUDIT_DAYS`.',
      answer: { items: [ENTRY], next_cursor: 'WzE3OTU5MDIwMDAwMDAsODEyXQ' },
    },
  },
}
