/** `POST /api/v1/create-license-keys`: takes license keys in that were made elsewhere. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { PRODUCT_INVALID } from '../products/product-parameters.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES } from '../protocol/codes.ts'
import {
  activationLimit,
  optional,
  ownerEmail,
  ownerName,
  productId,
  validityDays,
} from '../protocol/fields.ts'
import { createLicenseKeys as create } from './create-license-keys.ts'
import { assignedAt, licenseKeyList, licenseKeyStatus } from './stock-parameters.ts'

/** The longest list in a form: a letter takes one byte there, a quotation mark, a comma or a byte above 127 three. */
const BODY_BYTES_MAX = 4_000_000

export const createLicenseKeys = authenticatedEndpoint({
  path: '/api/v1/create-license-keys',
  access: 'stock',
  bodyBytesMax: BODY_BYTES_MAX,
  parameters: () =>
    z.object({
      license_keys: licenseKeyList,
      product_id: productId,
      owner_name: optional(ownerName),
      owner_email: optional(ownerEmail),
      activation_limit: activationLimit,
      validity: validityDays,
      status: licenseKeyStatus,
      assigned_at: assignedAt,
    }),
  incorrect: (errors) => ({ code: CODES.licenseKeysToCreateIncorrect, fields: { errors } }),

  async handle({ settings, request, parameters }) {
    const performed = await create(settings.db, request, {
      productId: parameters.product_id,
      licenseKeys: parameters.license_keys,
      status: parameters.status,
      activationLimit: parameters.activation_limit,
      validityDays: parameters.validity,
      ownerName: parameters.owner_name,
      ownerEmail: parameters.owner_email,
      assignedAt: parameters.assigned_at,
    })
    return answerToOperation(settings, performed, (outcome) => {
      switch (outcome.kind) {
        case 'product-invalid':
          return { code: CODES.licenseKeysToCreateIncorrect, fields: { errors: PRODUCT_INVALID } }
        case 'nothing-given':
          return { code: CODES.noLicenseKeysCreated, signedByProduct: outcome.productId }
        case 'created': {
          const { created, duplicate, productId: signedByProduct } = outcome
          return { code: CODES.licenseKeysCreated, fields: { created, duplicate }, signedByProduct }
        }
      }
    })
  },
})
