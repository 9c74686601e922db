/** The fields of an API key in requests. */
import * as z from 'zod/mini'
import { CAPABILITIES } from '../../callers/caller.ts'
import { canonicalNetwork } from '../../callers/networks.ts'
import { INTEGER_MAX } from '../../protocol/fields.ts'

const ITEMS_MAX = 100

/**
 * A list of 1 to 100 items. Repeated items are kept once.
 *
 * @param rule what an item must be, as the end of a sentence
 * @param read returns undefined if the item is not valid
 * @param items the JSON schema of an item
 */
function list<Item>(name: string, rule: string, read: (item: unknown) => Item | undefined, items: object) {
  return z
    .pipe(
      z.unknown(),
      z.transform((input, context): Item[] => {
        const values = Array.isArray(input) && input.length <= ITEMS_MAX ? input.map(read) : []
        if (values.length > 0 && !values.includes(undefined)) return [...new Set(values as Item[])]
        const message = `The ${name} field must be a list of 1 to ${ITEMS_MAX} ${rule}.`
        context.issues.push({ code: 'custom', message, input })
        return z.NEVER
      }),
    )
    .check(z.meta({ type: 'array', minItems: 1, maxItems: ITEMS_MAX, items }))
}

export const capabilities = list(
  'capabilities',
  `of the words ${CAPABILITIES.join(', ')}`,
  (item) => CAPABILITIES.find((capability) => capability === item),
  { type: 'string', enum: CAPABILITIES },
)

/** In canonical form. */
export const allowedNetworks = list(
  'allowed_networks',
  'addresses or networks, such as 203.0.113.0/24',
  (item) => (typeof item === 'string' ? canonicalNetwork(item.trim()) : undefined),
  { type: 'string' },
)

export const productIds = list(
  'product_ids',
  'ids of products',
  (item) =>
    Number.isInteger(item) && Number(item) >= 1 && Number(item) <= INTEGER_MAX ? Number(item) : undefined,
  { type: 'integer', minimum: 1, maximum: INTEGER_MAX },
)
