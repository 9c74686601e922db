/** `POST /api/v1/delete-license-key`: deletes a license key, with all that belongs to it. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES } from '../protocol/codes.ts'
import { licenseKey } from '../protocol/fields.ts'
import { deleteLicenseKey as deletion } from './delete-license-key.ts'

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
