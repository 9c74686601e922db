/**
 * The fields of responses by code, in addition to code, message and timestamp. The description contains them, and tests
 * compare them with the Worker's responses. Objects are strict, because shop plugins store each field by its name.
 */
import * as z from 'zod'
import { LICENSE_KEY_STATUSES } from '../../src/db/schema/licensing.ts'
import { PRODUCT_SOURCES, PRODUCT_STATUSES } from '../../src/products/product-fields.ts'
import type { CODES } from '../../src/protocol/codes.ts'

export type CodeName = keyof typeof CODES

const id = z.int().min(1)
const count = z.int().min(0)
const dateTime = z.iso.datetime({ precision: 6 }).meta({ description: 'UTC' })
const dateAndTime = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  .meta({ description: 'UTC' })
const status = z.enum(LICENSE_KEY_STATUSES)
const numberAsSent = z.union([z.int(), z.string()]).meta({ description: 'As sent: a number or its digits' })
const licenseFile = z.string().meta({ description: 'The license file. Its lines end with a line feed' })
const metadata = z.array(z.strictObject({ key: z.string(), value: z.string() }))
const errors = z.record(z.string(), z.array(z.string())).meta({ description: 'Error messages by field name' })

const issuedKey = z.strictObject({
  product_id: id,
  license_key: z.string(),
  activation_limit: count,
  validity: count,
  status,
  owner_name: z.string(),
  owner_email: z.string(),
  assigned_at: dateTime,
  contract_id: id.nullable(),
  updated_at: dateTime,
  created_at: dateTime,
  id,
  meta_data: metadata,
})

const listedKey = z.strictObject({
  id,
  product_id: id,
  license_key: z.string(),
  owner_name: z.string().nullable(),
  owner_email: z.string().nullable(),
  activation_limit: count,
  validity: count,
  assigned_at: dateTime.nullable(),
  status,
  created_at: dateTime,
  updated_at: dateTime,
})

const keyDetails = z.strictObject({
  id,
  license_key: z.string(),
  owner_name: z.string().nullable(),
  owner_email: z.string().nullable(),
  activation_limit: count,
  validity: count,
  assigned_at: dateAndTime,
  meta_data: metadata,
  expires_at: z.union([dateAndTime, z.literal(false)]).meta({ description: 'false: it never expires' }),
})

const productDetails = z.strictObject({
  id,
  external_reference: z.string(),
  source: z.enum(PRODUCT_SOURCES),
  name: z.string(),
  post_url: z.literal(''),
  description: z.string(),
  meta_data: metadata,
})

const listedProduct = z.strictObject({
  ...productDetails.shape,
  status: z.enum(PRODUCT_STATUSES),
  require_non_expired: z.int().min(0).max(1),
  created_at: dateTime,
  updated_at: dateTime,
})

const generator = z.strictObject({
  id,
  product_id: id,
  method: z.enum(['uuid', 'chunk-system']),
  prefix: z.string(),
  suffix: z.string(),
  function_name: z.literal(''),
  number_of_chunks: count,
  chunk_length: count,
  activation_limit: count,
  validity: count,
  status: z.int().min(0).max(1),
  charset: z.string(),
  created_at: dateTime,
  updated_at: dateTime,
})

const contract = z.strictObject({
  id,
  name: z.string(),
  information: z.string(),
  contract_key: z.string(),
  license_keys_quantity: numberAsSent,
  product_id: numberAsSent,
  can_get_info: numberAsSent,
  can_generate: numberAsSent,
  can_destroy: numberAsSent,
  can_destroy_all: numberAsSent,
  status: z.enum(['active', 'inactive']),
  created_at: dateTime,
  updated_at: dateTime,
  license_keys_count: count,
})

/** The fields of each code that has any, in order, except those of a new contract. */
export const ANSWER_FIELDS: { readonly [Name in CodeName]?: z.ZodRawShape } = {
  activeLicenseKeyFound: { licenseKey: keyDetails, product: productDetails },
  updateProductIncorrectData: { errors },
  licenseKeys: { license_keys: z.array(listedKey) },
  availableCount: { count },
  productCreated: { product_id: id },
  createProductIncorrectData: { errors },
  stockInsufficient: { available_quantity: count },
  licenseKeysAssigned: { license_keys: z.array(issuedKey) },
  incorrectData: { errors },
  allProducts: { products: z.array(listedProduct) },
  licenseKeysGenerated: { licenseKeys: z.array(z.string()) },
  allGenerators: { products: z.array(generator) },
  contractIncorrectData: {
    errors: z.record(z.string(), z.string()).meta({ description: 'One error message by field name' }),
  },
  contractCreated: { contract },
  allContracts: { contracts: z.array(contract) },
  licenseKeysCreated: { created: count, duplicate: count },
  createLicenseKeysIncorrectData: { errors },
  updateLicenseKeyIncorrectData: { errors },
  contractFound: { contract },
  contractKeysGenerated: { license_keys: z.array(issuedKey) },
  metadataCreated: { meta_id: id },
  metadataUpdated: { meta_id: id },
  healthy: {
    warnings: z
      .array(z.strictObject({ name: z.string(), count: z.int() }))
      .optional()
      .meta({ description: 'From /health/ready: what needs attention, if anything does' }),
  },
  serviceUnavailable: {
    not_ready: z.array(z.string()).optional().meta({ description: 'From /health/ready: the failed checks' }),
  },
  licenseFile: { license_file: licenseFile },
  trialStarted: { license_key: z.string(), license_file: licenseFile },
  trialRunning: { license_key: z.string(), license_file: licenseFile },
  webhookReceived: {
    outcome: z.string().meta({
      description:
        'The outcome of the event, or the different outcomes of several events, separated by commas',
    }),
  },
}

export const PROOF = z
  .strictObject({
    nonce: z.string(),
    license_key_sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .nullable(),
    identifier: z.string().nullable(),
    product_id: id.nullable(),
    status: status.nullable(),
    expires_at: z.iso.datetime({ precision: 3 }).nullable(),
    features: z.array(z.string()).nullable(),
  })
  .meta({
    description:
      'Only for a request with a `nonce`. `nonce`, `license_key_sha256` (of the license key as sent, without spaces ' +
      'around it) and `identifier` repeat the request. The others are null if nothing is known',
  })

/** @returns the schema of `response` for this code */
export function responseSchema(name: CodeName, { code, message }: (typeof CODES)[CodeName]): z.ZodObject {
  return z.strictObject({
    code: z.literal(code),
    message: z.literal(message),
    ...ANSWER_FIELDS[name],
    timestamp: z.int().meta({ description: 'Unix seconds' }),
    proof: PROOF.optional(),
  })
}
