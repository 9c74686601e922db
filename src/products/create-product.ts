/** `POST /api/v1/create-product`: creates a product with its default generator, both or neither. */
import * as z from 'zod/mini'
import { API_KEY_AUTHORITY, apiKey } from '../callers/api-keys.ts'
import { defineOperation, type OperationParts, perform } from '../callers/operation.ts'
import { LONG_TEXT_BODY_BYTES_MAX } from '../http/body.ts'
import { endpoint } from '../http/endpoint.ts'
import { NEW_FEATURES } from '../issuing/features.ts'
import { CODES } from '../protocol/codes.ts'
import { insertDefaultGenerator } from './default-generator.ts'
import { productAudit } from './product-audit.ts'
import { PRODUCT_FIELDS, productDescription, productName, productValues } from './product-fields.ts'

export interface Created {
  readonly kind: 'created'
  readonly productId: number
}

/** Placeholders: those of `productValues`. */
export const productCreation: OperationParts<Created> = {
  decision: `json_object('kind', 'created')`,
  changes: ['created'],
  writes: ({ decided, decision, addToOutcome }) => [
    `insert into products
       (source, name, description, require_non_expired, external_reference, status, delivery_webhook_url, features,
       domain_devices, trial_days, any_machine_files, offline_page, created_at, updated_at)
     select coalesce(:source, 'internal'), :name, coalesce(:description, ''), coalesce(:requireNonExpired, 0),
       coalesce(:externalReference, ''), coalesce(:status, 'active'), nullif(:deliveryWebhookUrl, ''), ${NEW_FEATURES},
       coalesce(:domainDevices, 0), nullif(:trialDays, 0), coalesce(:anyMachineFiles, 0),
       coalesce(:offlinePage, 0), :now, :now
     where ${decided('created')}`,
    addToOutcome(`'$.productId', last_insert_rowid()`, 'created'),
    insertDefaultGenerator(
      { productId: `${decision} ->> '$.productId'`, now: ':now' },
      `where ${decided('created')}`,
    ),
  ],
  audit: ({ decision }) => productAudit(`(${decision} ->> '$.productId')`),
}

const creation = defineOperation<Created>({
  authority: API_KEY_AUTHORITY,
  name: 'create-product',
  ...productCreation,
})

export const createProduct = endpoint({
  path: '/api/v1/create-product',
  summary: 'Create a product',
  caller: apiKey('products'),
  bodyBytesMax: LONG_TEXT_BODY_BYTES_MAX,
  parameters: () => z.object({ ...PRODUCT_FIELDS, name: productName, description: productDescription }),
  invalidParametersCode: CODES.createProductIncorrectData,
  outcomes: { created: CODES.productCreated },
  handle: (call) => perform(call, creation, productValues(call.parameters)),
  // Signed by the global key: a new product has no signing key yet.
  answer: ({ productId }) => ({ fields: { product_id: productId } }),
})
