import type { AdminDocs } from '../docs.ts'

const DELIVERY = {
  id: 7,
  channel: 'email',
  serial: 1,
  status: 'delivered',
  issuance_id: 12,
  license_id: null,
  product_id: 1,
  provider: 'stripe',
  order: 'cs_live_a1b2c3',
  recipient: 'ada@exmaple.com',
  attempts: 1,
  last_result: 'HTTP 200',
  due_at: '2026-11-28T18:00:10.000Z',
  message_id: '56761188-7520-42d8-8898-ff6fc54ce618',
  arrived_at: '2026-11-28T18:00:02.000Z',
  bounce: 'bounced',
  bounced_at: '2026-11-28T18:00:02.000Z',
  created_at: '2026-11-28T18:00:00.000Z',
  updated_at: '2026-11-28T18:00:01.000Z',
}

const EVENT = {
  id: 31,
  provider: 'stripe',
  event_id: 'evt_1Qx2',
  type: 'checkout.session.completed',
  order: 'cs_live_a1b2c3',
  mode: 'live',
  outcome: 'unmapped',
  note: 'no offer for: price_1Qx2',
  attempts: 0,
  due_at: '2026-11-28T18:00:00.000Z',
  received_at: '2026-11-28T18:00:00.000Z',
}

const OWNER = { owner_name: 'Ada Lovelace', owner_email: 'ada@example.com' }

export const docs: AdminDocs = {
  tag: 'Sales and deliveries',
  description:
    'Orders and events of payment providers, and what was sent to sellers, buyers and shops. Lists show the newest first; with ' +
    '`status` or `outcome` or `bounced`, those first that got it last.',
  endpoints: {
    'POST /licenses/:id/resend': {
      details:
        'Sends all keys that the buyer of the order still has. A key that was given to another owner is sent alone. `email` is ' +
        'where this e-mail goes; the owner of the license stays. Without it, the e-mail goes to the owner.',
      request: { email: 'ada@example.com' },
      answer: {
        id: 8,
        channel: 'email',
        serial: 2,
        status: 'pending',
        recipient: 'ada@example.com',
        created_at: '2026-11-28T19:00:00.000Z',
      },
    },
    'GET /deliveries': {
      details:
        '`status` tells what became of sending: `delivered` means that the receiver or the e-mail service accepted it. `bounce` ' +
        'tells what the e-mail service reported afterwards. Viewers do not see `recipient`.',
      answer: { items: [DELIVERY], next_cursor: 'WzcsN10' },
    },
    'GET /deliveries/:id': { answer: DELIVERY },
    'POST /deliveries/:id/retry': {
      details: 'It is sent again soon, with the same name, so that receivers recognize it.',
      answer: { id: 7, status: 'pending' },
    },
    'POST /deliveries/retry': {
      details: 'At most 1,000, those that failed first. Repeat it until `retried` is 0.',
      request: { status: 'failed' },
      answer: { retried: 3 },
    },
    'GET /events': {
      details: '`outcome` says what an event did, and `note` why.',
      answer: { items: [EVENT], next_cursor: 'WzMxLDMxXQ' },
    },
    'GET /events/:id': {
      details:
        '`payload` is the body as received. It is deleted after 30 days. Viewers get `null` for it, since it contains names and ' +
        'addresses.',
      answer: { ...EVENT, payload: '{"id":"evt_1Qx2"}' },
    },
    'POST /events/:id/retry': {
      details: 'For an event that failed, or whose offer was missing. Nothing is issued twice.',
      answer: { id: 31, outcome: 'waiting' },
    },
    'POST /events/retry': {
      details:
        '`unmapped`: all events with a line without an offer. At most 1,000, those that were recorded first. Repeat it until ' +
        '`retried` is 0.',
      request: { outcome: 'unmapped' },
      answer: { retried: 2 },
    },
    'GET /orders': {
      details:
        "`order` is the provider's name of an order or a payment, and `subscription` that of a subscription.",
      answer: {
        items: [
          {
            provider: 'stripe',
            order: 'cs_live_a1b2c3',
            lines: 1,
            quantity: 1,
            ...OWNER,
            issued_at: '2026-11-28T18:00:00.000Z',
          },
        ],
        next_cursor: 'WzEyLDEyXQ',
      },
    },
    'GET /orders/:provider/:order': {
      details: 'At most 1,000 of each list. Viewers see the first characters of license keys.',
      answer: {
        provider: 'stripe',
        order: 'cs_live_a1b2c3',
        lines: [
          {
            line: 'li_1',
            issuance_id: 12,
            product_id: 1,
            units: 1,
            quantity: 1,
            offer: { id: 3, external_id: 'price_1Qx2' },
            current_offer_id: 4,
            current_units: 2,
            subscription: 'sub_1Qx2',
            expires_at: '2027-12-01T18:00:00.000Z',
            ...OWNER,
            issued_at: '2026-11-28T18:00:00.000Z',
          },
        ],
        licenses: [
          {
            id: 40,
            line: 'li_1',
            license_key: '0f8b0f0e-6a8e-4c3b-9d57-2f4f3c1f8a11',
            status: 'assigned',
          },
        ],
        reversals: [
          {
            id: 're_1Qx2',
            reference: 'pi_1Qx2',
            lines: [{ id: 'li_1', quantity: 1 }],
            amount: 4900,
            active: true,
            occurred_at: '2026-11-30T09:00:00.000Z',
          },
        ],
        paid_periods: [
          {
            subscription: 'sub_1Qx2',
            payment: 'in_1Qx2',
            paid_at: '2026-11-28T18:00:00.000Z',
            ends_at: '2026-12-28T18:00:00.000Z',
          },
        ],
        events: [{ ...EVENT, outcome: 'issued' }],
      },
    },
  },
}
