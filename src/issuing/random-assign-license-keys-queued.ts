/**
 * `POST /api/v1/random-assign-license-keys-queued`: takes an order for many license keys, which the queue issues and
 * a callback to `webhook_url` tells.
 */
import * as z from 'zod/mini'
import type { Origin } from '../db/schema/index.ts'
import { keyBytes, RESPONSE_BYTES_MAX } from '../deliveries/callback.ts'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { deliveryTarget } from '../platform/target.ts'
import { REFUSALS, REPLAYED } from '../protocol/answers.ts'
import { CODES } from '../protocol/codes.ts'
import { unixSeconds } from '../protocol/dates.ts'
import { optional, plainText } from '../protocol/fields.ts'
import { NOT_SET } from '../protocol/owner.ts'
import { OBSTACLE_CODES } from './obstacle-codes.ts'
import { orderFields, requiredUnlessGenerate } from './order-parameters.ts'
import { QUEUED_QUANTITY_LIMIT, type QueuedOrder, queueOrder } from './queue-order.ts'

const URL_CHARACTERS_MAX = 2048

function orderRules(isLocalDevelopment: boolean) {
  const fields = {
    ...orderFields(QUEUED_QUANTITY_LIMIT),
    identifier: optional(plainText('identifier', 255)),
    webhook_url: webhookUrl(isLocalDevelopment),
  }
  return requiredUnlessGenerate(z.object(fields), ['validity', 'activation_limit']).check(
    z.refine(canBeTold, {
      path: ['quantity'],
      error: 'The quantity field is too large for an owner_name and owner_email of this length.',
    }),
  )
}

/** Keys that no callback could tell are not issued. Those of a generator or the stock may be longer than a UUID. */
function canBeTold(order: {
  quantity: number
  owner_name?: string | undefined
  owner_email?: string | undefined
}) {
  const { quantity, owner_name = NOT_SET, owner_email = NOT_SET } = order
  return quantity * keyBytes(owner_name, owner_email) <= RESPONSE_BYTES_MAX
}

type OrderParameters = z.output<ReturnType<typeof orderRules>>

/** Where the callback may go is looked at again when it is sent. */
function webhookUrl(isLocalDevelopment: boolean) {
  const rule = isLocalDevelopment ? 'an http or https address' : 'an https address of a public host'
  // A URL parser drops line ends and tabs, and the address would not be the one that was given.
  const isAllowed = (url: string) => !/\s/.test(url) && deliveryTarget(url, isLocalDevelopment) !== undefined
  return z.pipe(
    plainText('webhook_url', URL_CHARACTERS_MAX),
    z.string().check(z.refine(isAllowed, { error: `The webhook_url field must be ${rule}.` })),
  )
}

export const randomAssignLicenseKeysQueued = authenticatedEndpoint({
  path: '/api/v1/random-assign-license-keys-queued',
  access: 'assign',
  parameters: ({ deliveries }) => orderRules(deliveries.isLocalDevelopment),

  async handle({ settings, now, caller, parameters, idempotencyKey }) {
    const outcome = await queueOrder(settings, caller, orderOf(parameters), idempotencyKey, now)
    switch (outcome.kind) {
      case 'refused':
        return { code: REFUSALS[outcome.reason] }
      case 'impossible': {
        const { obstacle, availableQuantity } = outcome
        const isTold = obstacle === 'stock-insufficient'
        return {
          code: OBSTACLE_CODES[obstacle],
          ...(isTold && { fields: { available_quantity: availableQuantity } }),
        }
      }
      default:
        return {
          code: CODES.requestQueued,
          timestamp: unixSeconds(outcome.queuedAt),
          ...(outcome.kind === 'replayed' && { headers: REPLAYED }),
        }
    }
  },
})

function orderOf(parameters: OrderParameters): QueuedOrder {
  return {
    productId: parameters.product_id,
    quantity: parameters.quantity,
    ownerName: parameters.owner_name ?? NOT_SET,
    ownerEmail: parameters.owner_email ?? NOT_SET,
    origin: originOf(parameters.generate),
    validityDays: parameters.validity ?? null,
    activationLimit: parameters.activation_limit ?? null,
    identifier: parameters.identifier ?? null,
    webhookUrl: parameters.webhook_url,
  }
}

function originOf(generate: number | undefined): Origin {
  if (generate === undefined) return 'fresh'
  return generate === 1 ? 'generator' : 'stock'
}
