/**
 * `POST /api/v1/generate`: adds new license keys with the generator's format and terms to the stock of its product.
 *
 * Guarantees: all license keys are stored, or none. A replay returns the same license keys, even if they were sold,
 * changed or deleted in between.
 */
import * as z from 'zod/mini'
import { apiKey, apiKeyAuthority } from '../callers/api-keys.ts'
import { countAudit } from '../callers/audit.ts'
import { defineOperation, perform } from '../callers/operation.ts'
import { type AnswerContents, endpoint } from '../http/endpoint.ts'
import { isCollision } from '../issuing/inserts.ts'
import { FORMATTED_KEY, randomKeyMaterial } from '../issuing/key-formats.ts'
import { quantityMax } from '../issuing/order.ts'
import { CODES } from '../protocol/codes.ts'
import { type FieldErrors, INTEGER_MAX, wholeNumber } from '../protocol/fields.ts'

type Generated =
  | { readonly kind: 'generated'; readonly productId: number; readonly licenseKeys: readonly string[] }
  | { readonly kind: 'generator-not-found' | 'keys-too-long' }

/** SQL condition on `generators`: the requested one, if it is active and its product was not deleted. */
const IS_USABLE = `generators.id = :generatorId and generators.status = 1
  and exists (select 1 from products where products.id = generators.product_id and products.deleted_at is null)`

/** A D1 row may hold 2,000,000 bytes. The rest is for the other members of the outcome and the other columns. */
const KEYS_BYTES_MAX = 1_990_000

/**
 * An SQL expression: the most bytes of a license key in JSON, where quotation marks and backslashes take two. Only 7,000
 * or more keys that consist of these can exceed the limit.
 */
const KEY_BYTES = `(octet_length(json_quote(generators.prefix || generators.suffix)) + 1 + case generators.method
  when 'uuid' then 36
  else generators.number_of_chunks * (generators.chunk_length *
    iif(octet_length(json_quote(generators.charset)) > length(generators.charset) + 2, 2, 1) + 1) end)`

/**
 * The stored outcome holds the license keys, because a replay must also return those that were deleted. 10,000 UUIDs
 * are 390 kB. The keys are generated after the decision, so a replay generates none.
 */
const generation = defineOperation<Generated>({
  authority: apiKeyAuthority({
    products: 'select generators.product_id from generators where generators.id = :generatorId',
  }),
  name: 'generate',
  decision: `(select case when generators.id is null then json_object('kind', 'generator-not-found')
      when :quantity * ${KEY_BYTES} > ${KEYS_BYTES_MAX} then json_object('kind', 'keys-too-long')
      else json_object('kind', 'generated', 'productId', generators.product_id) end
    from (select 1) as request left join generators on ${IS_USABLE})`,
  changes: ['generated'],
  writes: ({ decided, decision, addToOutcome }) => [
    addToOutcome(
      `'$.licenseKeys', json((
        select json_group_array(${FORMATTED_KEY}) from generators cross join json_each(:material) as fresh
        where generators.id = :generatorId))`,
      'generated',
    ),
    `insert into license_keys
       (product_id, license_key, status, activation_limit, validity_days, created_at, updated_at)
     select generators.product_id, generated.value, 'available', generators.activation_limit,
       generators.validity_days, :now, :now
     from generators cross join json_each(${decision}, '$.licenseKeys') as generated
     where generators.id = :generatorId and ${decided('generated')}`,
  ],
  audit: ({ decision }) =>
    countAudit(
      `(${decision} ->> '$.productId')`,
      'license_keys_added',
      `json_array_length(${decision}, '$.licenseKeys')`,
    ),
})

export const generate = endpoint({
  path: '/api/v1/generate',
  summary: 'Generate license keys into stock',
  caller: apiKey('stock'),
  parameters: (env) =>
    z.object({
      generator_id: wholeNumber('generator_id', 1, INTEGER_MAX),
      quantity: wholeNumber('quantity', 1, quantityMax(env)),
    }),
  outcomes: {
    generated: CODES.licenseKeysGenerated,
    'generator-not-found': CODES.generatorNotFound,
    'keys-too-long': CODES.incorrectData,
  },
  handle(call) {
    const { generator_id, quantity } = call.parameters
    const values = () => ({ generatorId: generator_id, quantity, material: randomKeyMaterial(quantity) })
    return perform(call, generation, values, isCollision)
  },
  answer(outcome): AnswerContents {
    switch (outcome.kind) {
      case 'generated':
        return { fields: { licenseKeys: outcome.licenseKeys }, signedBy: outcome.productId }
      case 'keys-too-long':
        return { fields: { errors: TOO_LONG } }
      default:
        return {}
    }
  },
})

const TOO_LONG: FieldErrors = {
  quantity: ['The quantity field is too large for license keys of this length.'],
}
