/**
 * The parameters of an order for license keys, and what they ask of the domain. `generate` tells where the keys come
 * from: 1 from the product's generator, 0 from its stock. Left out, plain UUIDs are made, on terms and for an owner
 * that the order itself must tell.
 */
import * as z from 'zod'
import type { IssueOrder } from '../licensing/issue.ts'
import type { SourcedOrder } from '../licensing/issue-from.ts'
import { NOT_SET } from '../licensing/owner.ts'
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
} from './parameters.ts'

const REQUIRED_UNLESS_GENERATE = ['owner_name', 'owner_email', 'validity', 'activation_limit'] as const

/** @param quantityMax the most license keys of one order */
export function orderParameters(quantityMax: number) {
  const rules = z.object({
    product_id: productId,
    owner_name: optional(ownerName),
    owner_email: optional(ownerEmail),
    quantity: wholeNumber('quantity', 1, quantityMax),
    generate: optional(flag('generate')),
    validity: optional(validityDays),
    activation_limit: optional(activationLimit),
  })
  return REQUIRED_UNLESS_GENERATE.reduce(
    (checked, name) =>
      checked.refine((order) => order.generate !== undefined || order[name] !== undefined, {
        path: [name],
        error: requiredSentence(name),
        // Also where other fields are wrong: all of them are reported at once.
        when: () => true,
      }),
    rules,
  )
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
