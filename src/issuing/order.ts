/**
 * An order for license keys: the parameters that ask for it, and what they mean.
 *
 * `generate` says where the keys come from: 1 from the product's generator, 0 from its stock. Without it new keys are
 * made as plain UUIDs, and the order itself must say on which terms and for which owner.
 */
import * as z from 'zod/mini'
import type { Origin } from '../db/schema/index.ts'
import { checkSettings, oncePerIsolate } from '../platform/settings.ts'
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
  /** Where the keys come from. */
  readonly origin: Of
  readonly productId: number
  readonly quantity: number
  readonly ownerName: string
  readonly ownerEmail: string
  /** 0: the keys never expire; null: as the generator or each key in stock has it. */
  readonly validityDays: Days
  /** 0: any number of activations; null: as the generator or each key in stock has it. */
  readonly activationLimit: Limit
}

/** Fresh keys have no terms of their own, so their order has them. */
export type FreshOrder = OrderOf<'fresh', number, number>
export type SourcedOrder = OrderOf<'generator' | 'stock', number | null, number | null>
/** What is asked for. The endpoint checks the ranges; the database checks them once more. */
export type Order = FreshOrder | SourcedOrder

const QUANTITY_DEFAULT = 1_000

const settings = z.object({
  MAX_QUANTITY: z._default(
    z.pipe(
      z.string().check(z.regex(/^[1-9]\d*$/, `is not a whole number from 1 to ${QUANTITY_LIMIT}`)),
      z.transform((text) => Math.min(Number(text), QUANTITY_LIMIT)),
    ),
    QUANTITY_DEFAULT,
  ),
})

/** The most license keys that one request may ask for. */
export const quantityMax = oncePerIsolate((bindings) => checkSettings(settings, bindings).MAX_QUANTITY)

/** @param quantityMax the most license keys of one order */
export function orderFields(quantityMax: number) {
  return {
    product_id: productId,
    owner_name: optional(ownerName),
    owner_email: optional(ownerEmail),
    quantity: wholeNumber('quantity', 1, quantityMax),
    generate: optional(flag('generate')).check(
      z.meta({
        description:
          "Left out: new keys, as UUIDs; 0: keys from the product's stock; 1: new keys in the format of its generator",
      }),
    ),
    validity: optional(validityDays),
    activation_limit: optional(activationLimit),
  }
}

type OrderFields = ReturnType<typeof orderFields>
export type OrderParameters = z.output<z.ZodMiniObject<OrderFields>>

/**
 * Plain UUIDs come from no generator and no stock that could complete an order, so their order must be complete.
 *
 * @param names the fields that are required where `generate` is left out
 */
export function requiredUnlessGenerate<Shape extends OrderFields>(
  rules: z.ZodMiniObject<Shape>,
  names: readonly (keyof OrderFields & string)[],
): z.ZodMiniObject<Shape> {
  const rulesOfNames = names.map((name) =>
    z.refine((order: unknown) => has(order, 'generate') || has(order, name), {
      path: [name],
      error: requiredSentence(name),
      // Also where other fields are wrong: all of them are reported at once.
      when: () => true,
    }),
  )
  return rules.check(
    ...rulesOfNames,
    z.meta({ anyOf: [{ required: ['generate'] }, { required: [...names] }] }),
  )
}

function has(order: unknown, name: string): boolean {
  return (order as Partial<Record<string, unknown>>)[name] !== undefined
}

/** The order that checked parameters mean. A fresh order without terms is refused by the rules. */
export function orderOf(parameters: OrderParameters): Order {
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
