/**
 * `POST /api/v1/random-assign-license-keys`: assigns license keys to an owner: new ones, or such as are in stock.
 */

import { type AuthenticatedCall, authenticatedEndpoint } from '../http/authenticated.ts'
import { REFUSALS, REPLAYED } from '../protocol/answers.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import { unixSeconds } from '../protocol/dates.ts'
import type { Answer } from '../protocol/endpoint.ts'
import { issuedKeyObjects, licenseKeyObjects } from '../protocol/license-key-object.ts'
import { type SigningKey, signingKeyFor } from '../signing/signing-keys.ts'
import { issueLicenseKeys } from './issue.ts'
import { issueFrom } from './issue-from.ts'
import { freshOrderOf, type OrderParameters, orderParameters, sourcedOrderOf } from './order-parameters.ts'

const REASONS = {
  ...REFUSALS,
  'product-not-found': CODES.productNotFound,
  'generator-not-found': CODES.generatorNotFound,
} as const satisfies Record<string, Code>

export const randomAssignLicenseKeys = authenticatedEndpoint({
  path: '/api/v1/random-assign-license-keys',
  access: 'assign',
  parameters: ({ maxQuantity }) => orderParameters(maxQuantity),

  async handle(call) {
    // Before anything is written: keys whose answer can not be signed are never issued.
    const signingKey = await signingKeyFor(call.settings.signingSecrets, call.parameters.product_id)
    return call.parameters.generate === undefined
      ? assignFresh(call, signingKey)
      : assignFrom(call, signingKey)
  },
})

type OrderCall = AuthenticatedCall<OrderParameters>

interface Issued {
  readonly kind: 'issued' | 'replayed'
  readonly issuedAt: number
}

async function assignFresh(call: OrderCall, signingKey: SigningKey): Promise<Answer> {
  const { settings, now, caller, parameters, idempotencyKey } = call
  const order = freshOrderOf(parameters)
  const outcome = await issueLicenseKeys(settings.db, caller, order, idempotencyKey, {
    now,
    newLicenseKey: () => crypto.randomUUID(),
  })
  if (outcome.kind === 'refused') return { code: REASONS[outcome.reason] }
  return assigned(outcome, signingKey, licenseKeyObjects(order, outcome.issuedAt, outcome.keys))
}

async function assignFrom(call: OrderCall, signingKey: SigningKey): Promise<Answer> {
  const { settings, now, caller, parameters, idempotencyKey } = call
  const order = sourcedOrderOf(parameters)
  const outcome = await issueFrom(settings.db, caller, order, idempotencyKey, now)
  if (outcome.kind === 'refused') return { code: REASONS[outcome.reason] }
  if (outcome.kind === 'insufficient') {
    return { code: CODES.stockInsufficient, fields: { available_quantity: outcome.availableQuantity } }
  }
  return assigned(outcome, signingKey, issuedKeyObjects(order, outcome.issuedAt, outcome.keys))
}

function assigned({ kind, issuedAt }: Issued, signingKey: SigningKey, licenseKeys: object[]): Answer {
  return {
    code: CODES.licenseKeysAssigned,
    fields: { license_keys: licenseKeys },
    timestamp: unixSeconds(issuedAt),
    signingKey,
    ...(kind === 'replayed' && { headers: REPLAYED }),
  }
}
