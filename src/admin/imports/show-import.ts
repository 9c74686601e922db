/** `GET /admin/v1/imports/:import`: how far an import is, by its chunks. */
import { operatorAuthority } from '../../callers/operators.ts'
import { defineQuery, runQuery } from '../../callers/query.ts'
import { adminEndpoint } from '../endpoint.ts'
import { isoInstant } from '../fields.ts'
import { importCounts } from './import-chunk.ts'

interface Chunk {
  readonly chunk: number
  readonly format: string
  readonly rows: number
  readonly created: number
  readonly duplicate: number
  readonly skipped: number
  readonly refused: number
  readonly createdAt: number
}

type Found =
  | { readonly kind: 'found'; readonly counts: object; readonly chunks: readonly Chunk[] }
  | { readonly kind: 'not-found' }

const COUNTS = importCounts('import_id = :importId')

const select = defineQuery<Found>(
  operatorAuthority({ role: 'owner' }),
  `json_object('kind', iif(${COUNTS} is null, 'not-found', 'found'), 'counts', json(${COUNTS}))`,
  {
    chunks: (allowed) => `
      select chunk as place, json_object('chunk', chunk, 'format', format, 'rows', row_count, 'created', created,
        'duplicate', duplicate, 'skipped', skipped, 'refused', refused, 'createdAt', created_at) as item
      from ${allowed} cross join import_chunks where import_id = :importId`,
  },
)

export const showImport = adminEndpoint({
  method: 'GET',
  path: '/imports/:import',
  summary: 'Show how far an import is',
  role: 'owner',
  problems: { 'not-found': 'not-found' },
  handle: (call) => runQuery(call, select, { importId: call.path.import }),
  answer: ({ counts, chunks }, { call }) => ({
    body: {
      import_id: call.path.import,
      counts,
      chunks: chunks.map(({ createdAt, ...chunk }) => ({ ...chunk, created_at: isoInstant(createdAt) })),
    },
  }),
})
