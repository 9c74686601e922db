/** `POST /api/v1/update-product`: changes a product. Omitted fields keep their values. */
import * as z from 'zod/mini'
import { apiKey, PRODUCT_AUTHORITY } from '../callers/api-keys.ts'
import { defineOperation, type OperationParts, perform } from '../callers/operation.ts'
import { NEXT_VERSION, PRODUCT_EXISTS } from '../db/conditions.ts'
import { LONG_TEXT_BODY_BYTES_MAX } from '../http/body.ts'
import { endpoint } from '../http/endpoint.ts'
import { UPDATED_FEATURES } from '../issuing/features.ts'
import { CODES } from '../protocol/codes.ts'
import { PRODUCT_INVALID, productId } from '../protocol/fields.ts'
import { productAudit } from './product-audit.ts'
import { IS_PRODUCT, PRODUCT_FIELDS, productValues } from './product-fields.ts'

interface Updated {
  readonly kind: 'updated' | 'not-found'
}

/** Placeholders: `productId` and those of `productValues`. A value that is null stays. */
export const productUpdate: OperationParts<Updated> = {
  decision: `json_object('kind', iif(${PRODUCT_EXISTS}, 'updated', 'not-found'))`,
  changes: ['updated'],
  writes: ({ decided }) => [
    `update products set source = coalesce(:source, source), name = coalesce(:name, name),
       description = coalesce(:description, description),
       require_non_expired = coalesce(:requireNonExpired, require_non_expired),
       external_reference = coalesce(:externalReference, external_reference),
       status = coalesce(:status, status), features = ${UPDATED_FEATURES},
       delivery_webhook_url = iif(:deliveryWebhookUrl is null, delivery_webhook_url, nullif(:deliveryWebhookUrl, '')),
       domain_devices = coalesce(:domainDevices, domain_devices),
       trial_days = iif(:trialDays is null, trial_days, nullif(:trialDays, 0)),
       any_machine_files = coalesce(:anyMachineFiles, any_machine_files),
       offline_page = coalesce(:offlinePage, offline_page), updated_at = ${NEXT_VERSION}
     where ${IS_PRODUCT} and ${decided('updated')}`,
  ],
  audit: () => productAudit(':productId'),
}

const update = defineOperation<Updated>({
  authority: PRODUCT_AUTHORITY,
  name: 'update-product',
  ...productUpdate,
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
      ...productValues(call.parameters),
    }),
  answer: ({ kind }) => (kind === 'updated' ? {} : { fields: { errors: PRODUCT_INVALID } }),
})
