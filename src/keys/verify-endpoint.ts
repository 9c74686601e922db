/** `POST /api/v1/verify`: whether a license key is valid on a device or domain. */
import * as z from 'zod/mini'
import { nearestDatabase } from '../callers/reading.ts'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToReading } from '../protocol/answers.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import { deviceIdentifier, KEY_USE_PARAMETERS, keyUseOf, UNUSABLE } from './license-key-use.ts'
import { type Verified, verifyLicenseKey } from './verify.ts'

const VERIFIED: Record<Verified['kind'], Code> = {
  ...UNUSABLE,
  'activation-not-found': CODES.activationNotFound,
  valid: CODES.licenseKeyValid,
}

export const verify = authenticatedEndpoint({
  path: '/api/v1/verify',
  access: 'use',
  // The protocol's `email` belongs to Envato purchase codes, which this server does not take.
  parameters: () => z.object(KEY_USE_PARAMETERS),
  deviceIdentifier,

  async handle({ settings, parameters, request }) {
    const verified = await verifyLicenseKey(nearestDatabase(settings.db), request, keyUseOf(parameters))
    return answerToReading(settings, verified, ({ kind, productId }) => ({
      code: VERIFIED[kind],
      signedByProduct: productId,
    }))
  },
})
