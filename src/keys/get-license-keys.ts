/** `GET /api/v1/get-license-keys`: a product's license keys, by the page. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToReading } from '../protocol/answers.ts'
import { CODES } from '../protocol/codes.ts'
import { optional, ownerEmail, ownerName, productId, wholeNumber } from '../protocol/fields.ts'
import { listedKeyObject, listLicenseKeys } from './list-license-keys.ts'
import { licenseKeyStatus } from './stock-parameters.ts'

const PAGE_MAX = 1_000_000
const ITEMS_PER_PAGE_MAX = 1_000
const ITEMS_PER_PAGE_DEFAULT = 100

export const getLicenseKeys = authenticatedEndpoint({
  method: 'GET',
  path: '/api/v1/get-license-keys',
  access: 'stock',
  parameters: () =>
    z.object({
      product_id: productId,
      status: optional(licenseKeyStatus),
      owner_name: optional(ownerName),
      owner_email: optional(ownerEmail),
      page: optional(wholeNumber('page', 1, PAGE_MAX)),
      items_per_page: optional(wholeNumber('items_per_page', 1, ITEMS_PER_PAGE_MAX)),
    }),

  async handle({ settings, caller, parameters }) {
    const { product_id, status, owner_name, owner_email, page = 1, items_per_page } = parameters
    const listed = await listLicenseKeys(
      settings.db,
      caller,
      { productId: product_id, status, ownerName: owner_name, ownerEmail: owner_email },
      { page, itemsPerPage: items_per_page ?? ITEMS_PER_PAGE_DEFAULT },
    )
    return answerToReading(settings, listed, (keys) => ({
      code: CODES.licenseKeys,
      fields: { license_keys: keys.map(listedKeyObject) },
    }))
  },
})
