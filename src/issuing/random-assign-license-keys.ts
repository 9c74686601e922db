/** `POST /api/v1/random-assign-license-keys`: issues license keys to an owner, new ones or from stock. */
import * as z from 'zod/mini'
import { apiKey, PRODUCT_AUTHORITY } from '../callers/api-keys.ts'
import type { OperationCall, Result } from '../callers/caller.ts'
import { type AnswerContents, endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import { plainText } from '../protocol/fields.ts'
import { licenseKeyObjects } from '../protocol/license-key-object.ts'
import { signingKeyFor, signingSecrets } from '../signing/signing-keys.ts'
import { type Issued, issue, issueStatements } from './issue.ts'
import { type Order, orderFields, quantityMax, requiredUnlessGenerate, toOrder } from './order.ts'
import { fingerprintOf, KEY_OF_ATTEMPT, recordAttempt } from './repetitions.ts'
import { OBSTACLE_CODES } from './stock.ts'

const STATEMENTS = issueStatements(PRODUCT_AUTHORITY)
const REPEATABLE = withAttempts(issueStatements(PRODUCT_AUTHORITY, KEY_OF_ATTEMPT))

function withAttempts({ fresh, generator, stock }: typeof STATEMENTS): typeof STATEMENTS {
  return {
    fresh: { ...fresh, recordAttempt },
    generator: { ...generator, recordAttempt },
    stock: { ...stock, recordAttempt },
  }
}

const usableReference = plainText('identifier', 255)

/**
 * Any value is accepted, and only usable text is kept: other servers of the protocol ignore this parameter, and
 * the WooCommerce plugin sends it.
 */
const reference = z.pipe(
  z.optional(z.unknown()).check(
    z.meta({
      description:
        "The shop's own id of the order, of 1 to 255 characters. If the order is refunded in WooCommerce, it finds the keys",
    }),
  ),
  z.transform((value) => {
    const parsed = usableReference.safeParse(value)
    return parsed.success ? parsed.data : null
  }),
)

export const randomAssignLicenseKeys = endpoint({
  path: '/api/v1/random-assign-license-keys',
  summary: 'Issue license keys for an order',
  caller: apiKey('assign'),
  parameters: (env) =>
    requiredUnlessGenerate(z.object({ ...orderFields(quantityMax(env)), identifier: reference }), [
      'owner_name',
      'owner_email',
      'validity',
      'activation_limit',
    ]),
  outcomes: { issued: CODES.licenseKeysAssigned, ...OBSTACLE_CODES },

  async handle(call) {
    // Fails before anything is written, so that keys are issued only if the response can be signed.
    await signingKeyFor(signingSecrets(call.env), call.parameters.product_id)
    const { parameters } = call
    return issueForApiKey(call, { ...toOrder(parameters), reference: parameters.identifier })
  },

  answer(outcome): AnswerContents {
    switch (outcome.kind) {
      case 'issued': {
        const { order, issuedAt, keys } = outcome
        return {
          fields: { license_keys: licenseKeyObjects(order, issuedAt, keys) },
          signedBy: order.productId,
        }
      }
      case 'stock-insufficient':
        return { fields: { available_quantity: outcome.availableQuantity } }
      default:
        return {}
    }
  },
})

/** `issue` for API keys. An order with an identifier and without an idempotency key may be a repetition. */
export async function issueForApiKey(
  call: Omit<OperationCall, 'parameters'>,
  order: Order,
  newLicenseKey?: () => string,
): Promise<Result<Issued>> {
  if (call.idempotencyKey !== undefined || !order.reference) {
    return issue(call, STATEMENTS, order, newLicenseKey)
  }
  const caller = { ...call.caller, fingerprint: await fingerprintOf(call.caller, order) }
  return issue({ ...call, caller }, REPEATABLE, order, newLicenseKey)
}
