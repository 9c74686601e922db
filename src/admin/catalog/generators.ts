/** `/admin/v1/generators`: the format and the terms of a product's generated license keys. */
import * as z from 'zod/mini'
import { auditSubject } from '../../callers/audit.ts'
import { done } from '../../callers/caller.ts'
import { defineOperation, perform } from '../../callers/operation.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import { defineQuery, runQuery } from '../../callers/query.ts'
import { PRODUCT_EXISTS } from '../../db/conditions.ts'
import { generatorId } from '../../issuing/inserts.ts'
import {
  type KeyFormat,
  type KeyFormatFault,
  keyFormatFault,
  keySpaceBits,
  RANDOM_CHARACTERS_MAX,
} from '../../issuing/key-formats.ts'
import { GENERATOR, type Generator } from '../../products/get-all-generators.ts'
import { activationLimit, choice, type FieldErrors, optional, wholeNumber } from '../../protocol/fields.ts'
import { limitOf, page, pageOf } from '../cursor.ts'
import { adminEndpoint } from '../endpoint.ts'
import {
  etagOf,
  ifUnchanged,
  isoInstant,
  NEXT_VERSION,
  PROBLEMS_OF_CHANGES,
  PRODUCT_UNKNOWN,
  productId,
} from '../fields.ts'
import { validityDays } from '../licenses/update-license.ts'

const READ = { role: 'viewer' } as const
const WRITE = { role: 'owner' } as const
const READERS = operatorAuthority(READ)
const WRITERS = operatorAuthority(WRITE)

interface GeneratorInUse extends Generator {
  /** 1: orders use it, since it is the newest active one of its product. */
  readonly isInUse: 0 | 1
}

/** SQL: the `GeneratorInUse` of the rows of `generators` and `products`, as JSON. */
const SHOWN = `json_set(${GENERATOR}, '$.isInUse', generators.id is ${generatorId('products.id')})`

const OF_PRODUCT =
  'cross join products on products.id = generators.product_id and products.deleted_at is null'

const OF_ID = `from generators ${OF_PRODUCT} where generators.id = :id`

/** SQL: the generator with this id, as JSON. A repeated request gets it after its product was deleted, too. */
function generatorAt(id: string): string {
  return `(select json(${SHOWN}) from generators cross join products on products.id = generators.product_id
    where generators.id = ${id})`
}

/** SQL for the audit. @param id SQL */
function stateOf(id: string): string {
  return `(select json_object('product_id', product_id, 'method', method, 'prefix', prefix, 'suffix', suffix,
    'charset', charset, 'chunks', number_of_chunks, 'chunk_length', chunk_length, 'activation_limit', activation_limit,
    'validity_days', validity_days, 'status', iif(status = 1, 'active', 'inactive')) from generators where id = ${id})`
}

function generatorBody(generator: GeneratorInUse) {
  const isUuid = generator.method === 'uuid'
  return {
    id: generator.id,
    product_id: generator.productId,
    method: generator.method,
    prefix: generator.prefix,
    suffix: generator.suffix,
    charset: isUuid ? null : generator.charset,
    chunks: isUuid ? null : generator.numberOfChunks,
    chunk_length: isUuid ? null : generator.chunkLength,
    random_bits: Number(keySpaceBits(generator).toFixed(1)),
    activation_limit: generator.activationLimit,
    validity_days: generator.validityDays,
    status: generator.status === 1 ? 'active' : 'inactive',
    is_in_use: generator.isInUse === 1,
    created_at: isoInstant(generator.createdAt),
    updated_at: isoInstant(generator.updatedAt),
  }
}

interface Listed {
  readonly kind: 'listed'
  readonly generators: readonly GeneratorInUse[]
}

const selectGenerators = defineQuery<Listed>(READERS, `json_object('kind', 'listed')`, {
  generators: (allowed) => `
    select generators.id as place, ${SHOWN} as item from ${allowed} cross join generators ${OF_PRODUCT}
    where generators.id > :after and (:productId is null or products.id = :productId)
    order by generators.id limit :limit + 1`,
})

export const listGenerators = adminEndpoint({
  method: 'GET',
  path: '/generators',
  summary: 'List generators',
  ...READ,
  query: () => ({ product_id: optional(productId), ...page() }),
  problems: {},
  handle: ({ query, ...call }) =>
    runQuery(call, selectGenerators, {
      after: query.cursor?.[0] ?? 0,
      limit: limitOf(query),
      productId: query.product_id ?? null,
    }),
  answer: ({ generators }, { call }) => ({
    body: pageOf(generators, call.query, generatorBody, ({ id }) => [id]),
  }),
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

/** Without characters that look alike: 0 and O, and 1, I and L. */
const CHARSET_DEFAULT = '23456789ABCDEFGHJKMNPQRSTUVWXYZ'
const CHUNKS_DEFAULT = 4
const CHUNK_LENGTH_DEFAULT = 4

/** The fields that only `chunk-system` has. */
const CHUNK_FIELDS = ['charset', 'chunks', 'chunk_length'] as const

/** `keyFormatFault` checks their rules. */
const FORMAT_FIELDS = {
  method: choice('method', ['uuid', 'chunk-system']),
  prefix: z.optional(text('prefix')),
  suffix: z.optional(text('suffix')),
  charset: z.optional(text('charset')),
  chunks: optional(wholeNumber('chunks', 1, RANDOM_CHARACTERS_MAX)),
  chunk_length: optional(wholeNumber('chunk_length', 1, RANDOM_CHARACTERS_MAX)),
}

function text(name: string) {
  return z.string({ error: `The ${name} field must be text.` })
}

function formatOf(fields: z.output<z.ZodMiniObject<typeof FORMAT_FIELDS>>): KeyFormat {
  return {
    method: fields.method,
    prefix: fields.prefix ?? '',
    suffix: fields.suffix ?? '',
    charset: fields.charset ?? CHARSET_DEFAULT,
    numberOfChunks: fields.chunks ?? CHUNKS_DEFAULT,
    chunkLength: fields.chunk_length ?? CHUNK_LENGTH_DEFAULT,
  }
}

const FIELD_NAMES: Partial<Record<KeyFormatFault['field'], string>> = {
  numberOfChunks: 'chunks',
  chunkLength: 'chunk_length',
}

/** What is wrong with the fields together, or undefined. */
function formatErrors(fields: z.output<z.ZodMiniObject<typeof FORMAT_FIELDS>>): FieldErrors | undefined {
  const unused = CHUNK_FIELDS.filter((name) => fields.method === 'uuid' && fields[name] !== undefined)
  if (unused.length > 0) {
    return Object.fromEntries(
      unused.map((name) => [name, [`The ${name} field needs the method chunk-system.`]]),
    )
  }
  const fault = keyFormatFault(formatOf(fields))
  return fault && { [FIELD_NAMES[fault.field] ?? fault.field]: [fault.message] }
}

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
