/** `POST /api/v1/update-product`: changes a product. Omitted fields keep their values. */
import * as z from 'zod/mini'
import { apiKey, PRODUCT_AUTHORITY } from '../callers/api-keys.ts'
import { defineOperation, perform } from '../callers/operation.ts'
import { PRODUCT_EXISTS } from '../db/conditions.ts'
import { LONG_TEXT_BODY_BYTES_MAX } from '../http/body.ts'
import { endpoint } from '../http/endpoint.ts'
import { UPDATED_FEATURES } from '../issuing/features.ts'
import { CODES } from '../protocol/codes.ts'
import { PRODUCT_INVALID, productId } from '../protocol/fields.ts'
import { IS_PRODUCT, PRODUCT_FIELDS, settingValues } from './product-fields.ts'

interface Updated {
  readonly kind: 'updated' | 'not-found'
}

const update = defineOperation<Updated>({
  authority: PRODUCT_AUTHORITY,
  name: 'update-product',
  decision: `json_object('kind', iif(${PRODUCT_EXISTS}, 'updated', 'not-found'))`,
  changes: ['updated'],
  writes: ({ decided }) => [
    `update products set source = coalesce(:source, source), name = coalesce(:name, name),
       description = coalesce(:description, description),
       require_non_expired = coalesce(:requireNonExpired, require_non_expired),
       external_reference = coalesce(:externalReference, external_reference),
       status = coalesce(:status, status), features = ${UPDATED_FEATURES},
       domain_devices = coalesce(:domainDevices, domain_devices),
       trial_days = iif(:trialDays is null, trial_days, nullif(:trialDays, 0)),
       any_machine_files = coalesce(:anyMachineFiles, any_machine_files),
       offline_page = coalesce(:offlinePage, offline_page), updated_at = :now
     where ${IS_PRODUCT} and ${decided('updated')}`,
  ],
})

export const updateProduct = endpoint({
  path: '/api/v1/update-product',
  summary: 'Update a product',
  caller: apiKey('products'),
  bodyBytesMax: LONG_TEXT_BODY_BYTES_MAX,
  parameters: () => z.object({ product_id: productId, ...PRODUCT_FIELDS }),
  invalidParametersCode: CODES.updateProductIncorrectData,
  outcomes: { updated: CODES.productUpdated, 'not-found': CODES.updateProductIncorrectData },
  handle: (call) =>
    perform(call, update, {
      productId: call.parameters.product_id,
      source: call.parameters.source ?? null,
      name: call.parameters.name ?? null,
      description: call.parameters.description ?? null,
      requireNonExpired: call.parameters.require_non_expired ?? null,
      externalReference: call.parameters.external_reference ?? null,
      status: call.parameters.status ?? null,
      features: call.parameters.features ?? null,
      ...settingValues(call.parameters),
    }),
  answer: ({ kind }) => (kind === 'updated' ? {} : { fields: { errors: PRODUCT_INVALID } }),
})
