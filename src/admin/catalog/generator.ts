/** A generator as the admin API shows it, and the fields of its format. */
import * as z from 'zod/mini'
import { generatorId } from '../../issuing/inserts.ts'
import {
  type KeyFormat,
  type KeyFormatFault,
  keyFormatFault,
  keySpaceBits,
  RANDOM_CHARACTERS_MAX,
} from '../../issuing/key-formats.ts'
import { GENERATOR, type Generator } from '../../products/get-all-generators.ts'
import { choice, type FieldErrors, optional, wholeNumber } from '../../protocol/fields.ts'
import { isoInstant } from '../fields.ts'

export interface GeneratorInUse extends Generator {
  /** 1: orders use it, since it is the newest active one of its product. */
  readonly isInUse: 0 | 1
}

/** SQL: the `GeneratorInUse` of the rows of `generators` and `products`, as JSON. */
export const SHOWN = `json_set(${GENERATOR}, '$.isInUse', generators.id is ${generatorId('products.id')})`

export const OF_PRODUCT =
  'cross join products on products.id = generators.product_id and products.deleted_at is null'

export const OF_ID = `from generators ${OF_PRODUCT} where generators.id = :id`

/** SQL: the generator with this id, as JSON. A repeated request gets it after its product was deleted, too. */
export function generatorAt(id: string): string {
  return `(select json(${SHOWN}) from generators cross join products on products.id = generators.product_id
    where generators.id = ${id})`
}

/** SQL for the audit. @param id SQL */
export function stateOf(id: string): string {
  return `(select json_object('product_id', product_id, 'method', method, 'prefix', prefix, 'suffix', suffix,
    'charset', charset, 'chunks', number_of_chunks, 'chunk_length', chunk_length, 'activation_limit', activation_limit,
    'validity_days', validity_days, 'status', iif(status = 1, 'active', 'inactive')) from generators where id = ${id})`
}

export function generatorBody(generator: GeneratorInUse) {
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

/** Without characters that look alike: 0 and O, and 1, I and L. */
const CHARSET_DEFAULT = '23456789ABCDEFGHJKMNPQRSTUVWXYZ'
const CHUNKS_DEFAULT = 4
const CHUNK_LENGTH_DEFAULT = 4

/** The fields that only `chunk-system` has. */
const CHUNK_FIELDS = ['charset', 'chunks', 'chunk_length'] as const

/** `keyFormatFault` checks their rules. */
export const FORMAT_FIELDS = {
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

export function formatOf(fields: z.output<z.ZodMiniObject<typeof FORMAT_FIELDS>>): KeyFormat {
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
export function formatErrors(
  fields: z.output<z.ZodMiniObject<typeof FORMAT_FIELDS>>,
): FieldErrors | undefined {
  const unused = CHUNK_FIELDS.filter((name) => fields.method === 'uuid' && fields[name] !== undefined)
  if (unused.length > 0) {
    return Object.fromEntries(
      unused.map((name) => [name, [`The ${name} field needs the method chunk-system.`]]),
    )
  }
  const fault = keyFormatFault(formatOf(fields))
  return fault && { [FIELD_NAMES[fault.field] ?? fault.field]: [fault.message] }
}
