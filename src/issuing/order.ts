/**
 * The parameters of an order for license keys.
 *
 * `generate` selects the origin of the keys: 1 for the product's generator, 0 for its stock. Without
 * `generate`, the keys are new UUIDs, and the order must contain all terms and the owner.
 */
import * as z from 'zod/mini'
import type { Origin } from '../db/schema/index.ts'
import { checkSettings, numberSetting, oncePerIsolate } from '../platform/settings.ts'
import {
  activationLimit,
  flag,
  optional,
  ownerEmail,
  ownerName,
  productId,
  requiredSentence,
  validityDays,
  wholeNumber,
} from '../protocol/fields.ts'
import { NOT_SET } from '../protocol/owner.ts'
import { QUANTITY_LIMIT } from './inserts.ts'

interface OrderOf<Of extends Origin, Days, Limit> {
  readonly origin: Of
  readonly productId: number
  readonly quantity: number
  readonly ownerName: string
  readonly ownerEmail: string
  /** 0: the keys never expire. null: the value of the generator or of each key in stock. */
  readonly validityDays: Days
  /** 0: unlimited. null: the value of the generator or of each key in stock. */
  readonly activationLimit: Limit
  /** The shop's own id of the order. It does not distinguish orders. */
  readonly reference?: string | null
}

export type FreshOrder = OrderOf<'fresh', number, number>
export type SourcedOrder = OrderOf<'generator' | 'stock', number | null, number | null>
/** The endpoint and the database both check the ranges. */
export type Order = FreshOrder | SourcedOrder

const QUANTITY_DEFAULT = 1_000

const settings = z.object({
  MAX_QUANTITY: numberSetting(
    /^[1-9]\d*$/,
    `is not a whole number from 1 to ${QUANTITY_LIMIT}`,
    QUANTITY_DEFAULT,
  ),
})

/** The most license keys of one request. */
export const quantityMax = oncePerIsolate((bindings) =>
  Math.min(checkSettings(settings, bindings).MAX_QUANTITY, QUANTITY_LIMIT),
)

export function orderFields(quantityMax: number) {
  return {
    product_id: productId,
    owner_name: optional(ownerName),
    owner_email: optional(ownerEmail),
    quantity: wholeNumber('quantity', 1, quantityMax),
    generate: optional(flag('generate')).check(
      z.meta({
        description:
          "Omitted: new UUIDs. 0: keys from the product's stock. 1: new keys in the format of the product's generator",
      }),
    ),
    validity: optional(validityDays),
    activation_limit: optional(activationLimit),
  }
}

type OrderFields = ReturnType<typeof orderFields>
export type OrderParameters = z.output<z.ZodMiniObject<OrderFields>>

/** @param names the fields that are required without `generate`, since no generator or stock provides them */
export function requiredUnlessGenerate<Shape extends OrderFields>(
  rules: z.ZodMiniObject<Shape>,
  names: readonly (keyof OrderFields & string)[],
): z.ZodMiniObject<Shape> {
  const requirements = names.map((name) =>
    z.refine((order: unknown) => has(order, 'generate') || has(order, name), {
      path: [name],
      error: requiredSentence(name),
      // Runs even if other fields are invalid, so that one response reports all errors.
      when: () => true,
    }),
  )
  return rules.check(
    ...requirements,
    z.meta({ anyOf: [{ required: ['generate'] }, { required: [...names] }] }),
  )
}

function has(order: unknown, name: string): boolean {
  return (order as Partial<Record<string, unknown>>)[name] !== undefined
}

/** @param parameters checked */
export function toOrder(parameters: OrderParameters): Order {
  const { generate, validity, activation_limit } = parameters
  const common = {
    productId: parameters.product_id,
    quantity: parameters.quantity,
    ownerName: parameters.owner_name ?? NOT_SET,
    ownerEmail: parameters.owner_email ?? NOT_SET,
  }
  if (generate === undefined) {
    return { ...common, origin: 'fresh', validityDays: validity ?? 0, activationLimit: activation_limit ?? 0 }
  }
  return {
    ...common,
    origin: generate === 1 ? 'generator' : 'stock',
    validityDays: validity ?? null,
    activationLimit: activation_limit ?? null,
  }
}
