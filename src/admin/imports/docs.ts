import type { AdminDocs } from '../docs.ts'

const COUNTS = { rows: 3, created: 1, duplicate: 1, skipped: 0, refused: 1 }

export const docs: AdminDocs = {
  tag: 'Imports',
  description:
    'License keys from other vendors and from another Keyseal, in chunks of up to 1,000 rows. The formats and their columns are ' +
    'described in `docs/import.md`.',
  endpoints: {
    'POST /imports': {
      details:
        'Each row is `created`, `duplicate` (the license key exists and stays as it is; `differs` names what is different), ' +
        '`skipped` (the row has no license of its own) or `refused` (`errors` names the columns). A refused row does not stop ' +
        'the others. `import_id` and `chunk` make the request exact: repeat it until it is answered. The same chunk with ' +
        'another body is refused. An `Idempotency-Key` is not needed. With `dry_run`, the answer is the same and nothing is ' +
        'written.',
      request: {
        import_id: 'gumroad-2026-11-28',
        chunk: 0,
        format: 'gumroad',
        product_id: 1,
        products: { 'Pixel Editor': 1 },
        dry_run: false,
        rows: [
          {
            'Purchase ID': 'Zk3mW0aXw1pQ==',
            'Item Name': 'Pixel Editor',
            'Buyer Name': 'Ada Lovelace',
            'Purchase Email': 'ada@example.com',
            'Purchase Time (UTC timezone)': '2023-05-01 12:34:56 UTC',
            'License Key': '85DB562A-C11D4B06-A2335A6B-8C079166',
          },
        ],
      },
      answer: {
        import_id: 'gumroad-2026-11-28',
        chunk: 0,
        dry_run: false,
        counts: COUNTS,
        warnings: [],
        rows: [
          { row: 1, outcome: 'created' },
          { row: 2, outcome: 'duplicate', differs: ['status'] },
          {
            row: 3,
            outcome: 'refused',
            errors: { 'Purchase Email': ['The column Purchase Email must be an e-mail address.'] },
          },
        ],
      },
    },
    'GET /imports/:import': {
      details: 'The numbers of rows, and the chunks that were written. A dry run is not shown.',
      answer: {
        import_id: 'gumroad-2026-11-28',
        counts: { chunks: 1, ...COUNTS },
        chunks: [{ chunk: 0, format: 'gumroad', ...COUNTS, created_at: '2026-11-28T18:00:00.000Z' }],
      },
    },
  },
}
