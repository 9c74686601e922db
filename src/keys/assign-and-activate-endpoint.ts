/** `POST /api/v1/assign-and-activate-license-key`: assigns a license key and activates it, both or neither. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import { optional, ownerEmail, ownerName, plainText } from '../protocol/fields.ts'
import { type AssignedAndActivated, assignAndActivateLicenseKey as assignAndActivate } from './assign.ts'
import { deviceIdentifier, KEY_USE_PARAMETERS, keyUseOf } from './license-key-use.ts'

const ASSIGNED: Record<AssignedAndActivated['kind'], Code> = {
  'not-assignable': CODES.licenseKeyNotAssignable,
  'identifier-missing': CODES.identifierRequired,
  'product-not-active': CODES.productNotActive,
  'already-active': CODES.licenseKeyAlreadyActive,
  'limit-reached': CODES.activationLimitReached,
  activated: CODES.licenseKeyActivated,
}

export const assignAndActivateLicenseKey = authenticatedEndpoint({
  path: '/api/v1/assign-and-activate-license-key',
  access: 'assign',
  parameters: () =>
    z.object({
      ...KEY_USE_PARAMETERS,
      post_url: optional(plainText('post_url', 2048)),
      owner_name: ownerName,
      owner_email: ownerEmail,
    }),
  deviceIdentifier,

  async handle({ settings, parameters, request }) {
    const assigned = await assignAndActivate(settings.db, request, {
      ...keyUseOf(parameters),
      postUrl: parameters.post_url,
      ownerName: parameters.owner_name,
      ownerEmail: parameters.owner_email,
    })
    return answerToOperation(settings, assigned, ({ kind, productId }) => ({
      code: ASSIGNED[kind],
      // The protocol's own: as long as no key is found to be assigned, the server speaks for itself.
      signedByProduct: kind === 'not-assignable' ? undefined : productId,
    }))
  },
})
