/** `POST /api/v1/update-license-key`: corrects a license key by hand. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { PRODUCT_INVALID } from '../products/product-parameters.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES } from '../protocol/codes.ts'
import {
  activationLimit,
  licenseKey,
  optional,
  ownerEmail,
  ownerName,
  productId,
  validityDays,
} from '../protocol/fields.ts'
import { assignedAt, licenseKeyStatus } from './stock-parameters.ts'
import { updateLicenseKey as update } from './update-license-key.ts'

export const updateLicenseKey = authenticatedEndpoint({
  path: '/api/v1/update-license-key',
  access: 'stock',
  parameters: () =>
    z.object({
      license_key: licenseKey,
      product_id: optional(productId),
      owner_name: optional(ownerName),
      owner_email: optional(ownerEmail),
      activation_limit: optional(activationLimit),
      validity: optional(validityDays),
      status: optional(licenseKeyStatus),
      assigned_at: assignedAt,
    }),
  incorrect: (errors) => ({ code: CODES.licenseKeyToUpdateIncorrect, fields: { errors } }),

  async handle({ settings, request, parameters }) {
    const performed = await update(settings.db, request, parameters.license_key, {
      productId: parameters.product_id,
      ownerName: parameters.owner_name,
      ownerEmail: parameters.owner_email,
      activationLimit: parameters.activation_limit,
      validityDays: parameters.validity,
      status: parameters.status,
      assignedAt: parameters.assigned_at,
    })
    return answerToOperation(settings, performed, (outcome) => {
      switch (outcome.kind) {
        case 'product-invalid':
          return { code: CODES.licenseKeyToUpdateIncorrect, fields: { errors: PRODUCT_INVALID } }
        case 'not-found':
          return { code: CODES.licenseKeyToUpdateNotFound }
        case 'updated':
          return { code: CODES.licenseKeyUpdated, signedByProduct: outcome.productId }
      }
    })
  },
})
