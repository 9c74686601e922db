import type { AdminDocs } from '../docs.ts'

const COUNTS = {
  issued_keys: 12,
  orders: 9,
  refunds: 1,
  activations: 15,
  active_devices: 240,
  failed_deliveries: 0,
}

export const docs: AdminDocs = {
  tag: 'Service',
  description: 'What happened by day and product, and whether the service works.',
  endpoints: {
    'GET /statistics': {
      details:
        'Days are UTC. A day without a row had nothing to count. `counted_until` tells until when everything is counted: a ' +
        'cron job counts every minute, and failed deliveries 15 minutes later.\n\n' +
        '- `issued_keys` includes trials and reissues, but not imports. Queued orders count when they are finished.\n' +
        '- `orders` does not include trials and reissues. An order of several products counts for each.\n' +
        '- `refunds` are the refunds and disputes that are active now, by the day of their last report, partial ones too. A ' +
        'dispute that you win is subtracted.\n' +
        '- `activations` does not include imported ones.\n' +
        '- `active_devices` is counted hourly, with more than 10,000 devices at least daily. In `totals` it is the last count ' +
        'of each product. `null`: not counted on that day.\n' +
        '- `failed_deliveries` does not include those that are retried within 15 minutes.',
      answer: {
        items: [{ day: '2026-11-28', product_id: 1, ...COUNTS }],
        totals: COUNTS,
        counted_until: '2026-11-28T17:45:00.000Z',
      },
    },
    'GET /status': {
      details:
        'Each check that is not `ok` has a remedy. `status` is `broken` if a check is an `error`, and `attention` if one is a ' +
        '`warning`. It answers also if a setting is wrong. Of secrets it tells only whether they are set. Numbers of rows in ' +
        '`queues` end at 1,000. `newest_ids` is about the number of rows that were ever written.',
      answer: {
        status: 'attention',
        version: '0.1.0',
        time: '2026-11-28T18:00:00.000Z',
        checks: [
          { name: 'migrations', status: 'ok', message: 'Applied up to 0001_initial.sql', remedy: null },
          {
            name: 'settings',
            status: 'warning',
            message: 'ADMIN_TOKEN is not set',
            remedy: 'openssl rand -hex 32 | npx wrangler secret put ADMIN_TOKEN',
          },
        ],
        secrets: [{ name: 'SIGNING_PRIVATE_KEY', state: 'set' }],
        signing_keys: [
          {
            kid: 'BxJ8GtZx3kQ0hTtq2nJ8mSxv5rWZ6aLd9pCe1fGbHuI',
            algorithm: 'RS256',
            published_at: '/.well-known/jwks.json',
          },
        ],
        database: {
          bytes: 4_096_000,
          limit_bytes: 500_000_000,
          bytes_per_day: 20_000,
          days_left: 24_795,
          newest_ids: {
            issuances: 1200,
            license_keys: 1500,
            activations: 2100,
            webhook_events: 900,
            deliveries: 1100,
          },
        },
        cron: [{ cron: '* * * * *', ran_at: '2026-11-28T17:59:00.000Z' }],
        queues: {
          deliveries_bound: true,
          callbacks_bound: true,
          waiting_deliveries: 0,
          waiting_events: 0,
          queued_orders: 0,
          failed_deliveries: 0,
          failed_events: 0,
        },
        statistics_counted_until: '2026-11-28T17:45:00.000Z',
      },
    },
  },
}
