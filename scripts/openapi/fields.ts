/** Descriptions of parameters: what a value means, and the code if the parameter is missing. */
import type { Caller } from '../../src/callers/caller.ts'
import { CODES } from '../../src/protocol/codes.ts'
import type { CodeName } from './answers.ts'
import type { JsonSchema } from './document.ts'
import type { OperationText } from './operation.ts'

const KEY_STATUS =
  '`available`: in stock; `assigned`: has an owner; `reserved`: kept out of the stock, assigned only by name; ' +
  '`blocked`: cannot be used'
const SOURCE = 'Where the product is sold. Keyseal only stores it'

/** Descriptions by `access` for parameters whose rules have none. */
const MEANINGS: { readonly [Access in Caller['access']]?: Readonly<Record<string, string>> } = {
  stock: { status: KEY_STATUS },
  products: {
    status: '`inactive`: its license keys get 203, and no new ones are issued',
    source: SOURCE,
    require_non_expired: 'Keyseal only stores it: an expired key never verifies',
  },
  contracts: {
    status: '`inactive`: its holder gets 1200, as if the contract did not exist',
    can_get_info: 'Whether the holder may get the contract: 1 or 0',
    can_generate: 'Whether the holder may generate license keys: 1 or 0',
    can_destroy: 'Whether the holder may destroy single license keys: 1 or 0',
    can_destroy_all: 'Whether the holder may destroy all license keys in one request: 1 or 0',
    license_keys_quantity: 'The most license keys that may exist under the contract',
  },
}

/** The codes for missing parameters that the rules accept. Each operation has one of them. */
const CODES_WITHOUT: Readonly<Record<string, readonly CodeName[]>> = {
  license_key: [
    'licenseKeyInvalid',
    'licenseKeyNotAssignable',
    'updateLicenseKeyNotFound',
    'deleteLicenseKeyNotFound',
    'contractKeyNotFound',
  ],
  identifier: ['identifierRequired'],
  key: [
    'createMetadataKeyRequired',
    'updateMetadataKeyRequired',
    'deleteMetadataKeyRequired',
    'createProductMetadataKeyRequired',
    'updateProductMetadataKeyRequired',
    'deleteProductMetadataKeyRequired',
  ],
  value: [
    'createMetadataValueRequired',
    'updateMetadataValueRequired',
    'createProductMetadataValueRequired',
    'updateProductMetadataValueRequired',
  ],
}

/** @returns the code if this parameter is missing; undefined if it is optional or the code is 804 */
export function codeWithout({ codes }: OperationText, name: string): CodeName | undefined {
  return CODES_WITHOUT[name]?.find((code) => codes.includes(code))
}

/**
 * @param schema the rules of all parameters
 * @returns the schema with descriptions; a parameter with its own code for a missing value counts as required
 */
export function withMeanings(schema: JsonSchema, text: OperationText): JsonSchema {
  const properties = Object.entries(schema.properties ?? {})
  const withCodes = properties.map(([name]) => name).filter((name) => codeWithout(text, name) !== undefined)
  const required = [...withCodes, ...(schema.required ?? [])]
  return {
    ...schema,
    properties: Object.fromEntries(
      properties.map(([name, rule]) => [name, { ...rule, ...describe(rule, text, name) }]),
    ),
    ...(required.length > 0 && { required }),
  }
}

function describe(rule: JsonSchema, text: OperationText, name: string) {
  const code = codeWithout(text, name)
  const without = code && `If it is missing, the code is ${CODES[code].code}`
  const description = [MEANINGS[text.endpoint.caller.access]?.[name], rule.description, without]
    .filter(Boolean)
    .join('. ')
  return description === '' ? {} : { description }
}
