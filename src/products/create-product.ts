/** `POST /api/v1/create-product`: creates a product with its default generator, both or neither. */
import * as z from 'zod/mini'
import { API_KEY_AUTHORITY, apiKey } from '../callers/api-keys.ts'
import { defineOperation, perform } from '../callers/operation.ts'
import { LONG_TEXT_BODY_BYTES_MAX } from '../http/body.ts'
import { endpoint } from '../http/endpoint.ts'
import { NEW_FEATURES } from '../issuing/features.ts'
import { CODES } from '../protocol/codes.ts'
import { insertDefaultGenerator } from './default-generator.ts'
import { PRODUCT_FIELDS, productDescription, productName, settingValues } from './product-fields.ts'

interface Created {
  readonly kind: 'created'
  readonly productId: number
}

const creation = defineOperation<Created>({
  authority: API_KEY_AUTHORITY,
  name: 'create-product',
  decision: `json_object('kind', 'created')`,
  changes: ['created'],
  writes: ({ decided, decision, addToOutcome }) => [
    `insert into products
       (source, name, description, require_non_expired, external_reference, status, features, domain_devices,
       trial_days, any_machine_files, offline_page, created_at, updated_at)
     select :source, :name, :description, :requireNonExpired, :externalReference, :status, ${NEW_FEATURES},
       coalesce(:domainDevices, 0), nullif(:trialDays, 0), coalesce(:anyMachineFiles, 0),
       coalesce(:offlinePage, 0), :now, :now
     where ${decided('created')}`,
    addToOutcome(`'$.productId', last_insert_rowid()`, 'created'),
    insertDefaultGenerator(
      { productId: `${decision} ->> '$.productId'`, now: ':now' },
      `where ${decided('created')}`,
    ),
  ],
})

export const createProduct = endpoint({
  path: '/api/v1/create-product',
  summary: 'Create a product',
  caller: apiKey('products'),
  bodyBytesMax: LONG_TEXT_BODY_BYTES_MAX,
  parameters: () => z.object({ ...PRODUCT_FIELDS, name: productName, description: productDescription }),
  invalidParametersCode: CODES.createProductIncorrectData,
  outcomes: { created: CODES.productCreated },
  handle: (call) =>
    perform(call, creation, {
      source: call.parameters.source ?? 'internal',
      name: call.parameters.name,
      description: call.parameters.description,
      requireNonExpired: call.parameters.require_non_expired ?? 0,
      externalReference: call.parameters.external_reference ?? '',
      status: call.parameters.status ?? 'active',
      features: call.parameters.features ?? null,
      ...settingValues(call.parameters),
    }),
  // Signed by the global key: a new product has no signing key yet.
  answer: ({ productId }) => ({ fields: { product_id: productId } }),
})
