/**
 * The parameters of an order for license keys, and what they ask of the domain. `generate` tells where the keys come
 * from: 1 from the product's generator, 0 from its stock. Left out, plain UUIDs are made, on terms and for an owner
 * that the order itself must tell.
 */
import * as z from 'zod/mini'
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
import type { IssueOrder } from './issue.ts'
import type { SourcedOrder } from './sourced-issuance.ts'

/** For readers of the API's description. */
export const GENERATE =
  "Left out: new keys, as UUIDs; 0: keys from the product's stock; 1: new keys in the format of its generator"

/** @param quantityMax the most license keys of one order */
export function orderFields(quantityMax: number) {
  return {
    product_id: productId,
    owner_name: optional(ownerName),
    owner_email: optional(ownerEmail),
    quantity: wholeNumber('quantity', 1, quantityMax),
    generate: optional(flag('generate')).check(z.meta({ description: GENERATE })),
    validity: optional(validityDays),
    activation_limit: optional(activationLimit),
  }
}

type OrderFields = ReturnType<typeof orderFields>

/**
 * Plain UUIDs have no generator and no past from which anything could come: what they need must be given.
 *
 * @param names the fields that are required where `generate` is left out
 */
export function requiredUnlessGenerate<Shape extends OrderFields>(
  rules: z.ZodMiniObject<Shape>,
  names: readonly (keyof OrderFields & string)[],
): z.ZodMiniObject<Shape> {
  const rulesOfNames = names.map((name) =>
    z.refine((order: unknown) => isGiven(order, 'generate') || isGiven(order, name), {
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

function isGiven(order: unknown, name: string): boolean {
  return (order as Partial<Record<string, unknown>>)[name] !== undefined
}

/** @param quantityMax the most license keys of one order */
export function orderParameters(quantityMax: number) {
  return requiredUnlessGenerate(z.object(orderFields(quantityMax)), [
    'owner_name',
    'owner_email',
    'validity',
    'activation_limit',
  ])
}

export type OrderParameters = z.output<ReturnType<typeof orderParameters>>

/** @returns an order for keys of the product's generator or stock, as `generate` says */
export function sourcedOrderOf(parameters: OrderParameters): SourcedOrder {
  return {
    origin: parameters.generate === 1 ? 'generator' : 'stock',
    productId: parameters.product_id,
    quantity: parameters.quantity,
    ownerName: parameters.owner_name ?? NOT_SET,
    ownerEmail: parameters.owner_email ?? NOT_SET,
    validityDays: parameters.validity ?? null,
    activationLimit: parameters.activation_limit ?? null,
  }
}

/** @returns an order for plain UUIDs, which says everything itself, of parameters without `generate` */
export function freshOrderOf(parameters: OrderParameters): IssueOrder {
  const { owner_name: ownerName, owner_email: ownerEmail, validity, activation_limit } = parameters
  if (
    ownerName === undefined ||
    ownerEmail === undefined ||
    validity === undefined ||
    activation_limit === undefined
  ) {
    throw new Error('The rules require these parameters where generate is left out.')
  }
  return {
    productId: parameters.product_id,
    quantity: parameters.quantity,
    ownerName,
    ownerEmail,
    validityDays: validity,
    activationLimit: activation_limit,
  }
}
