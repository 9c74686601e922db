/** `/admin/v1/generators`: the format and the terms of a product's generated license keys. */
import { auditSubject } from '../../callers/audit.ts'
import { done } from '../../callers/caller.ts'
import { defineOperation, perform } from '../../callers/operation.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import { defineQuery, runQuery } from '../../callers/query.ts'
import { PRODUCT_EXISTS } from '../../db/conditions.ts'
import { activationLimit, choice, type FieldErrors, optional } from '../../protocol/fields.ts'
import { page } from '../cursor.ts'
import { adminEndpoint } from '../endpoint.ts'
import {
  etagOf,
  ifUnchanged,
  NEXT_VERSION,
  PROBLEMS_OF_CHANGES,
  PRODUCT_UNKNOWN,
  productId,
} from '../fields.ts'
import { validityDays } from '../licenses/update-license.ts'
import { listById, pageById } from '../list-by-id.ts'
import {
  FORMAT_FIELDS,
  formatErrors,
  formatOf,
  type GeneratorInUse,
  generatorAt,
  generatorBody,
  OF_ID,
  OF_PRODUCT,
  SHOWN,
  stateOf,
} from './generator.ts'

const READ = { role: 'viewer' } as const
const WRITE = { role: 'owner' } as const
const READERS = operatorAuthority(READ)
const WRITERS = operatorAuthority(WRITE)

const selectGenerators = listById<GeneratorInUse>(READ, {
  table: 'generators',
  item: SHOWN,
  joins: OF_PRODUCT,
  where: '(:productId is null or products.id = :productId)',
})

export const listGenerators = adminEndpoint({
  method: 'GET',
  path: '/generators',
  summary: 'List generators',
  ...READ,
  query: () => ({ product_id: optional(productId), ...page() }),
  problems: {},
  handle: (call) => selectGenerators(call, { productId: call.query.product_id ?? null }),
  answer: ({ items }, { call }) => ({ body: pageById(items, call.query, generatorBody) }),
})

type Shown = { readonly kind: 'found'; readonly generator: GeneratorInUse } | { readonly kind: 'not-found' }

const selectGenerator = defineQuery<Shown>(
  READERS,
  `coalesce((select json_object('kind', 'found', 'generator', json(${SHOWN})) ${OF_ID}),
    json_object('kind', 'not-found'))`,
)

export const showGenerator = adminEndpoint({
  method: 'GET',
  path: '/generators/:id',
  summary: 'Show a generator',
  ...READ,
  problems: { 'not-found': 'not-found' },
  handle: (call) => runQuery(call, selectGenerator, { id: call.path.id }),
  answer: ({ generator }) => ({ body: generatorBody(generator), headers: etagOf(generator.updatedAt) }),
})

type Created =
  | { readonly kind: 'created'; readonly generator: GeneratorInUse }
  | { readonly kind: 'product-invalid' }
  | { readonly kind: 'format-invalid'; readonly errors: FieldErrors }

const create = defineOperation<Created>({
  authority: WRITERS,
  name: 'generators.create',
  decision: `json_object('kind', iif(${PRODUCT_EXISTS}, 'created', 'product-invalid'))`,
  changes: ['created'],
  writes: ({ decided, addToOutcome }) => [
    `insert into generators (product_id, method, prefix, suffix, charset, number_of_chunks, chunk_length,
       activation_limit, validity_days, status, created_at, updated_at)
     select :productId, :method, :prefix, :suffix, :charset, :numberOfChunks, :chunkLength, :activationLimit,
       :validityDays, 1, :now, :now where ${decided('created')}`,
    addToOutcome(`'$.id', last_insert_rowid()`, 'created'),
  ],
  currentMembers: `'$.generator', ${generatorAt(`operations.outcome ->> '$.id'`)}`,
  audit: ({ decision }) => ({
    subject: auditSubject('generator', `(${decision} ->> '$.id')`),
    state: stateOf(`(${decision} ->> '$.id')`),
  }),
})

export const createGenerator = adminEndpoint({
  method: 'POST',
  path: '/generators',
  summary: 'Add a generator',
  ...WRITE,
  body: () => ({
    product_id: productId,
    ...FORMAT_FIELDS,
    activation_limit: activationLimit,
    validity_days: validityDays,
  }),
  problems: {
    'product-invalid': PRODUCT_UNKNOWN,
    'format-invalid': {
      code: 'invalid-request',
      describe: ({ errors }: { readonly errors: FieldErrors }) => ({ errors }),
    },
  },
  async handle({ body, ...call }) {
    const errors = formatErrors(body)
    if (errors) return done<Created>({ kind: 'format-invalid', errors }, call.now)
    return perform(call, create, {
      productId: body.product_id,
      ...formatOf(body),
      activationLimit: body.activation_limit,
      validityDays: body.validity_days,
    })
  },
  answer: ({ generator }) => ({
    status: 201,
    body: generatorBody(generator),
    headers: etagOf(generator.updatedAt),
  }),
})

type Changed =
  | { readonly kind: 'changed'; readonly generator: GeneratorInUse }
  | { readonly kind: 'not-found' | 'version-mismatch' }

const change = defineOperation<Changed>({
  authority: WRITERS,
  name: 'generators.update',
  decision: ifUnchanged(
    'generators where id = :id',
    `json_object('kind', iif(exists (select 1 ${OF_ID}), 'changed', 'not-found'))`,
  ),
  changes: ['changed'],
  writes: ({ decided }) => [
    `update generators set activation_limit = coalesce(:activationLimit, activation_limit),
       validity_days = coalesce(:validityDays, validity_days), status = coalesce(:status, status),
       updated_at = ${NEXT_VERSION} where id = :id and ${decided('changed')}`,
  ],
  currentMembers: `'$.generator', ${generatorAt(':id')}`,
  audit: () => ({ subject: auditSubject('generator', ':id'), state: stateOf(':id') }),
})

export const updateGenerator = adminEndpoint({
  method: 'PATCH',
  path: '/generators/:id',
  summary: 'Change a generator',
  ...WRITE,
  body: () => ({
    activation_limit: optional(activationLimit),
    validity_days: optional(validityDays),
    status: optional(choice('status', ['active', 'inactive'])),
  }),
  problems: PROBLEMS_OF_CHANGES,
  handle: ({ body, ...call }) =>
    perform(call, change, {
      id: call.path.id,
      ifMatch: call.ifMatch,
      activationLimit: body.activation_limit ?? null,
      validityDays: body.validity_days ?? null,
      status: body.status === undefined ? null : Number(body.status === 'active'),
    }),
  answer: ({ generator }) => ({ body: generatorBody(generator), headers: etagOf(generator.updatedAt) }),
})

export const GENERATOR_ENDPOINTS = [listGenerators, showGenerator, createGenerator, updateGenerator]
