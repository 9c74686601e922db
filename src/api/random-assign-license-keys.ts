/** `POST /api/v1/random-assign-license-keys`: issues new license keys and assigns them to an owner. */
import * as z from 'zod'
import { CODES } from '../envelope/codes.ts'
import { signingKeyFor } from '../envelope/signing-keys.ts'
import { unixSeconds } from '../licensing/dates.ts'
import { type IssueOrder, issueLicenseKeys } from '../licensing/issue.ts'
import { licenseKeyObjects } from '../licensing/license-key-object.ts'
import { REFUSALS, REPLAYED } from './answers.ts'
import { authenticatedEndpoint } from './authenticated.ts'
import { activationLimit, ownerEmail, ownerName, productId, validityDays, wholeNumber } from './parameters.ts'

export const randomAssignLicenseKeys = authenticatedEndpoint({
  path: '/api/v1/random-assign-license-keys',
  access: 'assign',
  parameters: ({ maxQuantity }) =>
    z.object({
      product_id: productId,
      owner_name: ownerName,
      owner_email: ownerEmail,
      quantity: wholeNumber('quantity', 1, maxQuantity),
      validity: validityDays,
      activation_limit: activationLimit,
    }),

  async handle({ settings, now, caller, parameters, idempotencyKey }) {
    const order: IssueOrder = {
      productId: parameters.product_id,
      quantity: parameters.quantity,
      ownerName: parameters.owner_name,
      ownerEmail: parameters.owner_email,
      validityDays: parameters.validity,
      activationLimit: parameters.activation_limit,
    }
    // Before anything is written: keys whose answer can not be signed are never issued.
    const signingKey = await signingKeyFor(settings.signingSecrets, order.productId)
    const outcome = await issueLicenseKeys(settings.db, caller, order, idempotencyKey, {
      now,
      newLicenseKey: () => crypto.randomUUID(),
    })
    if (outcome.kind === 'refused') {
      return {
        code: outcome.reason === 'product-not-found' ? CODES.productNotFound : REFUSALS[outcome.reason],
      }
    }
    return {
      code: CODES.licenseKeysAssigned,
      fields: { license_keys: licenseKeyObjects(order, outcome.issuedAt, outcome.keys) },
      timestamp: unixSeconds(outcome.issuedAt),
      signingKey,
      ...(outcome.kind === 'replayed' && { headers: REPLAYED }),
    }
  },
})
