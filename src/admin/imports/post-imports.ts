/** `POST /admin/v1/imports`: imports one chunk of license keys from elsewhere, or says what an import would do. */
import * as z from 'zod/mini'
import { done, type Result } from '../../callers/caller.ts'
import { perform } from '../../callers/operation.ts'
import { weakKeysWarning } from '../../keys/key-strength.ts'
import { sha256HexOfText } from '../../platform/hash.ts'
import { choice, type FieldErrors, INTEGER_MAX, optional, wholeNumber } from '../../protocol/fields.ts'
import { type AdminCall, adminEndpoint } from '../endpoint.ts'
import { productId, yesOrNo } from '../fields.ts'
import { chunkValues } from './chunk-values.ts'
import { isObject } from './formats/cell-values.ts'
import { IMPORT_FORMATS } from './formats/index.ts'
import type { Row } from './formats/license.ts'
import { type ImportedChunk, importChunk } from './import-chunk.ts'
import { type DecidedRow, type PreparedRows, prepareRows } from './read-rows.ts'

export const ROWS_MAX = 1_000
/** 1,000 sales of Gumroad take about 2 MB, most of it the names of their 72 columns. */
const BODY_BYTES_MAX = 4_000_000
const BODY_VALUES_MAX = 200_000
const PRODUCTS_MAX = 1_000

const IMPORT_ID_RULE = 'The import_id field must be 1 to 64 letters, digits or characters of ._:-'

/** It stands in a path, and before a slash in idempotency keys. */
const importId = z
  .string({ error: IMPORT_ID_RULE })
  .check(z.regex(/^[A-Za-z0-9._:-]{1,64}$/, { error: IMPORT_ID_RULE }))

const ROWS_RULE = `The rows field must be a list of 1 to ${ROWS_MAX} objects.`

const rows = z
  .custom<readonly Row[]>(
    (value) => Array.isArray(value) && value.length >= 1 && value.length <= ROWS_MAX && value.every(isObject),
    { error: ROWS_RULE },
  )
  .check(
    z.meta({
      description: 'The rows of the export: objects of column name to text, or the objects of the API',
      type: 'array',
      minItems: 1,
      maxItems: ROWS_MAX,
      items: { type: 'object', additionalProperties: true },
    }),
  )

const PRODUCTS_RULE = `The products field must be an object of at most ${PRODUCTS_MAX} products: {"Pro": 1}.`

const products = z
  .custom<Readonly<Record<string, number>>>(
    (value) =>
      isObject(value) && Object.keys(value).length <= PRODUCTS_MAX && Object.values(value).every(isProductId),
    { error: PRODUCTS_RULE },
  )
  .check(
    z.meta({
      description: 'Our products by the ids or names of the other vendor',
      type: 'object',
      additionalProperties: { type: 'integer', minimum: 1, maximum: INTEGER_MAX },
    }),
  )

function isProductId(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= INTEGER_MAX
}

const body = () => ({
  import_id: importId,
  chunk: wholeNumber('chunk', 0, 1_000_000),
  format: choice('format', IMPORT_FORMATS),
  product_id: optional(productId),
  products: optional(products),
  dry_run: optional(yesOrNo('dry_run')),
  rows,
})

type ImportCall = AdminCall<string, Record<never, never>, ReturnType<typeof body>>

/** What becomes of a row, in the order of the rows. */
type RowResult =
  | { readonly outcome: 'created' }
  | { readonly outcome: 'duplicate'; readonly differs: readonly string[] }
  | { readonly outcome: 'skipped'; readonly reason: string }
  | { readonly outcome: 'refused'; readonly errors: FieldErrors }

type Imported =
  | {
      readonly kind: 'imported' | 'checked' | 'repeated'
      readonly results: readonly RowResult[]
      readonly warning: string | undefined
    }
  | { readonly kind: 'chunk-taken' | 'too-large' }

export const postImports = adminEndpoint({
  method: 'POST',
  path: '/imports',
  summary: 'Import license keys',
  role: 'owner',
  body,
  bodyBytesMax: BODY_BYTES_MAX,
  bodyValuesMax: BODY_VALUES_MAX,
  problems: {
    'chunk-taken': {
      code: 'conflict',
      describe: () => ({
        detail:
          'This chunk of the import was written before with another body. Choose a new import_id. License keys that exist are ' +
          'not imported again.',
      }),
    },
    'too-large': {
      code: 'too-large',
      describe: () => ({
        detail: 'The licenses of this chunk are too large together. Send fewer rows in one chunk.',
      }),
    },
  },
  handle,
  answer({ results, warning }, { call: { body } }) {
    const rows = results.map((result, index) => ({ row: index + 1, ...result }))
    return {
      body: {
        import_id: body.import_id,
        chunk: body.chunk,
        dry_run: body.dry_run ?? false,
        counts: {
          rows: rows.length,
          ...Object.fromEntries(
            KINDS.map((kind) => [kind, rows.filter(({ outcome }) => outcome === kind).length]),
          ),
        },
        warnings: warning === undefined ? [] : [warning],
        rows,
      },
    }
  },
})

const KINDS = ['created', 'duplicate', 'skipped', 'refused'] as const

async function handle(call: ImportCall): Promise<Result<Imported>> {
  const { import_id, chunk, format, product_id, products, dry_run: isDryRun = false, rows } = call.body
  const prepared = prepareRows(rows, { format, productId: product_id ?? null, products: products ?? {} })
  const values = chunkValues({ importId: import_id, chunk, format }, prepared)
  if (values === undefined) return done({ kind: 'too-large' }, call.now)
  // A dry run may be repeated at any time, also after the import.
  const idempotencyKey = isDryRun ? undefined : `${import_id}/${chunk}`
  const bodyFingerprint = await sha256HexOfText(JSON.stringify(call.body))
  const given = { ...call, idempotencyKey, parameters: bodyFingerprint }
  const result = await perform(given, importChunk, { ...values, bodyFingerprint, isDryRun: isDryRun ? 1 : 0 })
  if (result.kind === 'refused') {
    const isOtherBody = result.reason === 'idempotency-key-reused'
    return isOtherBody ? done({ kind: 'chunk-taken' }, call.now, result.callerId) : result
  }
  const isReplay = result.isReplay || result.outcome.kind === 'repeated'
  return { ...result, isReplay, outcome: withRows(result.outcome, prepared, rows.length) }
}

/** Only the decisions of the database are stored. The same body gives the same other results again. */
function withRows(chunk: ImportedChunk, { licenses, decided }: PreparedRows, rowCount: number): Imported {
  if (chunk.kind === 'chunk-taken') return chunk
  const notWritten = new Map(chunk.results)
  const results = Array.from({ length: rowCount }, (_, index): RowResult => {
    const row = index + 1
    return resultOf(decided.get(row), notWritten.get(row))
  })
  const created = licenses.filter(({ row }) => !notWritten.has(row)).map(({ licenseKey }) => licenseKey)
  return { kind: chunk.kind, results, warning: weakKeysWarning(created) }
}

/** @param differs what the database decided, as in `RowDecision`; undefined: it wrote the license */
function resultOf(decided: DecidedRow | undefined, differs: string | null | undefined): RowResult {
  if (decided?.kind === 'skipped') return { outcome: 'skipped', reason: decided.reason }
  if (decided?.kind === 'refused') return { outcome: 'refused', errors: decided.errors }
  if (decided) return { outcome: 'duplicate', differs: decided.differs }
  if (differs === undefined) return { outcome: 'created' }
  if (differs === null) return { outcome: 'refused', errors: { product_id: ['The product does not exist.'] } }
  return { outcome: 'duplicate', differs: differs === '' ? [] : differs.split(',') }
}
