/** `POST /api/v1/get-license-key-details`: what is known of a license key, where it is activated. */
import * as z from 'zod/mini'
import { nearestDatabase } from '../callers/reading.ts'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToReading } from '../protocol/answers.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import { dateAndTime } from '../protocol/dates.ts'
import {
  type Details,
  expiryOf,
  type LicenseKeyDetails,
  type ProductDetails,
  readLicenseKeyDetails,
} from './details.ts'
import { deviceIdentifier, KEY_USE_PARAMETERS, keyUseOf, UNUSABLE } from './license-key-use.ts'

const DETAILS: Record<Details['kind'], Code> = {
  ...UNUSABLE,
  'activation-not-found': CODES.activationNotFound,
  active: CODES.activeLicenseKeyFound,
}

export const getLicenseKeyDetails = authenticatedEndpoint({
  path: '/api/v1/get-license-key-details',
  access: 'use',
  parameters: () => z.object(KEY_USE_PARAMETERS),
  deviceIdentifier,

  async handle({ settings, parameters, request }) {
    const details = await readLicenseKeyDetails(nearestDatabase(settings.db), request, keyUseOf(parameters))
    return answerToReading(settings, details, (found) => ({
      code: DETAILS[found.kind],
      signedByProduct: found.productId,
      ...(found.kind === 'active' && {
        fields: { licenseKey: licenseKeyObject(found.licenseKey), product: productObject(found.product) },
      }),
    }))
  },
})

function licenseKeyObject(licenseKey: LicenseKeyDetails) {
  const expiresAt = expiryOf(licenseKey)
  return {
    id: licenseKey.id,
    license_key: licenseKey.licenseKey,
    owner_name: licenseKey.ownerName,
    owner_email: licenseKey.ownerEmail,
    activation_limit: licenseKey.activationLimit,
    validity: licenseKey.validityDays,
    assigned_at: dateAndTime(licenseKey.assignedAt),
    meta_data: licenseKey.metadata,
    expires_at: expiresAt === undefined ? false : dateAndTime(expiresAt),
  }
}

function productObject(product: ProductDetails) {
  return {
    id: product.id,
    external_reference: product.externalReference,
    source: product.source,
    name: product.name,
    // The protocol's field for an address of the product, which products do not have here.
    post_url: '',
    description: product.description,
    meta_data: product.metadata,
  }
}
