import type { AdminDocs } from '../docs.ts'

const OPERATOR = {
  id: 2,
  name: 'Grace Hopper',
  email: 'grace@example.com',
  role: 'support',
  token_start: 'keyseal_Yx3k',
  status: 'active',
  expires_at: '2027-11-28T00:00:00.000Z',
  last_used_at: '2026-11-28T18:00:00.000Z',
  created_at: '2026-11-24T08:30:00.000Z',
  updated_at: '2026-11-24T08:30:00.000Z',
}
const TOKEN = 'keyseal_Yx3kQ0hTtq2nJ8mSxv5rWZ6aLd9pCe1fGbHuIkMoNsE'

export const docs: AdminDocs = {
  tag: 'Operators',
  description:
    'Who may use the admin API. A `viewer` reads, and does not see license keys. `support` also resends, blocks, reissues ' +
    'and frees devices. An `owner` does everything. The holder of the Worker secret `ADMIN_TOKEN` manages operators, and does ' +
    'nothing else.',
  endpoints: {
    'GET /me': {
      details: 'Any operator may ask.',
      answer: {
        id: 2,
        name: 'Grace Hopper',
        email: 'grace@example.com',
        role: 'support',
        expires_at: '2027-11-28T00:00:00.000Z',
      },
    },
    'GET /operators': { answer: { items: [OPERATOR], next_cursor: 'WzJd' } },
    'POST /operators': {
      details:
        'The answer contains the token, which the server does not store. A repeated request with the same ' +
        '`Idempotency-Key` answers `null` for it: then rotate the token.',
      request: {
        name: 'Grace Hopper',
        role: 'support',
        email: 'grace@example.com',
        expires_at: '2027-11-28',
      },
      answer: { ...OPERATOR, token: TOKEN },
    },
    'PATCH /operators/:id': {
      details: 'Omitted fields keep their values. `null` removes the e-mail address or the expiry.',
      request: { role: 'owner' },
      answer: { ...OPERATOR, role: 'owner' },
    },
    'POST /operators/:id/rotate': {
      details:
        'The old token stops working. The new one is shown once. A revoked operator becomes active again.',
      answer: { ...OPERATOR, token: TOKEN },
    },
    'POST /operators/:id/revoke': {
      details: 'The token stops working.',
      answer: { ...OPERATOR, status: 'revoked' },
    },
  },
}
