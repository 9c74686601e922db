/**
 * `POST /api/v1/generate`: adds new license keys with the generator's format and terms to the stock of its product.
 *
 * Guarantees: all license keys are stored, or none. A replay returns the same license keys, even if they were sold,
 * changed or deleted in between.
 */
import * as z from 'zod/mini'
import { API_KEY_AUTHORITY, apiKey } from '../callers/api-keys.ts'
import { defineOperation, perform } from '../callers/operation.ts'
import { endpoint } from '../http/endpoint.ts'
import { isCollision } from '../issuing/inserts.ts'
import { FORMATTED_KEY, randomKeyMaterial } from '../issuing/key-formats.ts'
import { quantityMax } from '../issuing/order.ts'
import { CODES } from '../protocol/codes.ts'
import { INTEGER_MAX, wholeNumber } from '../protocol/fields.ts'

type Generated =
  | { readonly kind: 'generated'; readonly productId: number; readonly licenseKeys: readonly string[] }
  | { readonly kind: 'generator-not-found' }

/** SQL condition on `generators`: the requested one, if it is active and its product was not deleted. */
const IS_USABLE = `generators.id = :generatorId and generators.status = 1
  and exists (select 1 from products where products.id = generators.product_id and products.deleted_at is null)`

/**
 * The stored outcome holds the license keys, because a replay must also return those that were deleted. 10,000 UUIDs
 * are 390 kB; a D1 row may hold 2 MB. The keys are generated after the decision, so a replay generates none.
 */
const generation = defineOperation<Generated>({
  authority: API_KEY_AUTHORITY,
  name: 'generate',
  decision: `(select iif(generators.id is null, json_object('kind', 'generator-not-found'),
      json_object('kind', 'generated', 'productId', generators.product_id))
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
  },
  handle(call) {
    const { generator_id, quantity } = call.parameters
    const values = () => ({ generatorId: generator_id, material: randomKeyMaterial(quantity) })
    return perform(call, generation, values, isCollision)
  },
  answer: (outcome) =>
    outcome.kind === 'generated'
      ? { fields: { licenseKeys: outcome.licenseKeys }, signedBy: outcome.productId }
      : {},
})
