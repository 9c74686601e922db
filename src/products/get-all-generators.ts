/** `GET /api/v1/get-all-generators`: every generator, under the name that the protocol gives the list. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToReading } from '../protocol/answers.ts'
import { CODES } from '../protocol/codes.ts'
import { withoutMilliseconds } from '../protocol/dates.ts'
import { type Generator, readGenerators } from './generators.ts'

export const getAllGenerators = authenticatedEndpoint({
  method: 'GET',
  path: '/api/v1/get-all-generators',
  access: 'stock',
  parameters: () => z.object({}),

  async handle({ settings, caller }) {
    return answerToReading(settings, await readGenerators(settings.db, caller), (generators) => ({
      code: CODES.allGenerators,
      fields: { products: generators.map(generatorObject) },
    }))
  },
})

/** Every generator has the fields of every method; there are no functions of one's own here, which would be named. */
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
