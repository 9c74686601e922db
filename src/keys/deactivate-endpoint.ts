/** `POST /api/v1/deactivate`: ends the activation of a license key on a device or domain. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import { type Deactivated, deactivateLicenseKey } from './deactivate.ts'
import { deviceIdentifier, KEY_USE_PARAMETERS, keyUseOf, UNUSABLE } from './license-key-use.ts'

const DEACTIVATED: Record<Deactivated['kind'], Code> = {
  'license-key-unknown': UNUSABLE['license-key-unknown'],
  'identifier-missing': UNUSABLE['identifier-missing'],
  'already-inactive': CODES.licenseKeyAlreadyInactive,
  deactivated: CODES.licenseKeyDeactivated,
}

export const deactivate = authenticatedEndpoint({
  path: '/api/v1/deactivate',
  access: 'use',
  parameters: () => z.object(KEY_USE_PARAMETERS),
  deviceIdentifier,

  async handle({ settings, parameters, request }) {
    const deactivated = await deactivateLicenseKey(settings.db, request, keyUseOf(parameters))
    return answerToOperation(settings, deactivated, ({ kind, productId }) => ({
      code: DEACTIVATED[kind],
      // The protocol's one exception: of what is about a product, this alone is signed by the global key.
      signedByProduct: kind === 'deactivated' ? null : productId,
      product: productId,
    }))
  },
})
