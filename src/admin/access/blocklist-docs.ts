import type { AdminDocs } from '../docs.ts'

const ENTRY = { id: 6, kind: 'network', value: '203.0.113.0/24', created_at: '2026-11-24T08:30:00.000Z' }

export const docs: AdminDocs = {
  tag: 'Blocklist',
  description:
    'Requests from blocked networks, and about blocked devices and domains, are refused, whatever API key they have. The ' +
    'admin API does not use the blocklist, so that operators can correct it.',
  endpoints: {
    'GET /blocklist': { details: 'By ascending id.', answer: { items: [ENTRY], next_cursor: 'WzZd' } },
    'POST /blocklist': {
      details:
        'A `network` is an IP address or a network, and is stored in its canonical form. An `identifier` is a device or ' +
        'domain, exactly as requests send it. What is blocked already stays blocked.',
      request: { kind: 'network', value: '203.0.113.77/24' },
      answer: ENTRY,
    },
    'DELETE /blocklist/:id': { details: 'Its requests are accepted again.' },
  },
}
