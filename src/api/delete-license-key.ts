/** `POST /api/v1/delete-license-key`: deletes a license key, with all that belongs to it. */
import * as z from 'zod/mini'
import { CODES } from '../envelope/codes.ts'
import { deleteLicenseKey as deletion } from '../licensing/delete-license-key.ts'
import { answerToOperation } from './answers.ts'
import { authenticatedEndpoint } from './authenticated.ts'
import { licenseKey } from './parameters.ts'

export const deleteLicenseKey = authenticatedEndpoint({
  path: '/api/v1/delete-license-key',
  access: 'stock',
  parameters: () => z.object({ license_key: licenseKey }),

  async handle({ settings, request, parameters }) {
    const performed = await deletion(settings.db, request, parameters.license_key)
    return answerToOperation(settings, performed, (outcome) =>
      outcome.kind === 'deleted'
        ? { code: CODES.licenseKeyDeleted, signedByProduct: outcome.productId }
        : { code: CODES.licenseKeyToDeleteNotFound },
    )
  },
})
