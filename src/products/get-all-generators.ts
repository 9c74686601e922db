/**
 * `GET /api/v1/get-all-generators`: all generators by ascending id, except those of deleted products. The protocol
 * calls the list `products`.
 */
import * as z from 'zod/mini'
import { apiKey, isListed, LIST_AUTHORITY } from '../callers/api-keys.ts'
import { defineQuery, runQuery } from '../callers/query.ts'
import { endpoint } from '../http/endpoint.ts'
import type { KeyFormat } from '../issuing/key-formats.ts'
import { CODES } from '../protocol/codes.ts'
import { withoutMilliseconds } from '../protocol/dates.ts'

export interface Generator extends KeyFormat {
  readonly id: number
  readonly productId: number
  /** 0: unlimited activations. */
  readonly activationLimit: number
  /** 0: the keys do not expire. */
  readonly validityDays: number
  /** 1: active. */
  readonly status: 0 | 1
  /** Milliseconds UTC, like `updatedAt`. */
  readonly createdAt: number
  readonly updatedAt: number
}

/** SQL: the `Generator` of a row of `generators`, as JSON. */
export const GENERATOR = `json_object('id', generators.id, 'productId', generators.product_id,
  'method', generators.method, 'prefix', generators.prefix, 'suffix', generators.suffix,
  'charset', generators.charset, 'numberOfChunks', generators.number_of_chunks,
  'chunkLength', generators.chunk_length, 'activationLimit', generators.activation_limit,
  'validityDays', generators.validity_days, 'status', generators.status,
  'createdAt', generators.created_at, 'updatedAt', generators.updated_at)`

interface Listed {
  readonly kind: 'listed'
  readonly generators: readonly Generator[]
}

const list = defineQuery<Listed>(LIST_AUTHORITY, `json_object('kind', 'listed')`, {
  generators: (allowed) => `
    select generators.id as place, ${GENERATOR} as item
    from ${allowed} cross join generators
    cross join products on products.id = generators.product_id and products.deleted_at is null
      and ${isListed('products.id')}`,
})

export const getAllGenerators = endpoint({
  method: 'GET',
  path: '/api/v1/get-all-generators',
  summary: 'List generators',
  caller: apiKey('stock'),
  parameters: () => z.object({}),
  outcomes: { listed: CODES.allGenerators },
  handle: (call) => runQuery(call, list),
  answer: ({ generators }) => ({ fields: { products: generators.map(generatorObject) } }),
})

/** Has the fields of all methods of the protocol. `function_name` is for the method `custom`, which Keyseal lacks. */
function generatorObject(generator: Generator): object {
  return {
    id: generator.id,
    product_id: generator.productId,
    method: generator.method,
    prefix: generator.prefix,
    suffix: generator.suffix,
    function_name: '',
    number_of_chunks: generator.numberOfChunks,
    chunk_length: generator.chunkLength,
    activation_limit: generator.activationLimit,
    validity: generator.validityDays,
    status: generator.status,
    charset: generator.charset,
    created_at: withoutMilliseconds(generator.createdAt),
    updated_at: withoutMilliseconds(generator.updatedAt),
  }
}
