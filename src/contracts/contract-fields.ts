/** The parameters that create or update a contract, and the protocol's error messages for them. */
import * as z from 'zod/mini'
import {
  choice,
  type FieldErrors,
  flag,
  INTEGER_MAX,
  plainText,
  productId,
  requiredSentence,
  wholeNumber,
} from '../protocol/fields.ts'
import type { ContractOrder, RejectedField } from './contract-order.ts'

export const LICENSE_KEYS_QUANTITY_MAX = 100_000

export const contractId = wholeNumber('contract_id', 1, INTEGER_MAX)

export const CONTRACT_FIELDS = {
  contract_key: plainText('contract_key', 255),
  contract_name: plainText('contract_name', 255),
  contract_information: plainText('contract_information', 10_000),
  product_id: asSent(productId),
  license_keys_quantity: asSent(
    wholeNumber('license_keys_quantity', 1, LICENSE_KEYS_QUANTITY_MAX),
    (value) => (isAbove(value, LICENSE_KEYS_QUANTITY_MAX) ? QUANTITY_OUT_OF_RANGE : QUANTITY_INVALID),
  ),
  status: choice('status', ['active', 'inactive']),
  can_get_info: asSent(flag('can_get_info')),
  can_generate: asSent(flag('can_generate')),
  can_destroy: asSent(flag('can_destroy')),
  can_destroy_all: asSent(flag('can_destroy_all')),
}

/** Keeps a number as it was sent, as a string or number, because the response repeats it. */
function asSent(rule: z.ZodMiniType<number>, errorFor?: (value: unknown) => string) {
  return z
    .custom<string | number>(
      (value) => rule.safeParse(value).success,
      errorFor && { error: ({ input }) => errorFor(input) },
    )
    .check(z.meta(z.globalRegistry.get(rule) ?? {}))
}

function isAbove(value: unknown, max: number): boolean {
  return (typeof value === 'string' || typeof value === 'number') && Number(value) > max
}

/** Converts the numbers, so that a form and JSON create the same order. */
export function contractOrder(fields: z.output<z.ZodMiniObject<typeof CONTRACT_FIELDS>>): ContractOrder {
  const terms = {
    contractKey: fields.contract_key,
    name: fields.contract_name,
    information: fields.contract_information,
    status: fields.status,
    productId: Number(fields.product_id),
    licenseKeysQuantity: Number(fields.license_keys_quantity),
    canGetInfo: Number(fields.can_get_info),
    canGenerate: Number(fields.can_generate),
    canDestroy: Number(fields.can_destroy),
    canDestroyAll: Number(fields.can_destroy_all),
  }
  const numbersAsSent = {
    productId: fields.product_id,
    licenseKeysQuantity: fields.license_keys_quantity,
    canGetInfo: fields.can_get_info,
    canGenerate: fields.can_generate,
    canDestroy: fields.can_destroy,
    canDestroyAll: fields.can_destroy_all,
  }
  return { terms, numbersAsSent }
}

type Messages = Readonly<Record<string, string>>

const KEY_MISSING_OR_TAKEN = 'Contract key is required and must be unique.'
const PRODUCT_ID_INVALID = 'Product Id must be a valid product Id.'
const QUANTITY_INVALID = 'License keys quantity must be 1 or more.'
/** The protocol has no text for a number that is too large. */
const QUANTITY_OUT_OF_RANGE = `License keys quantity must be 1 or more, and not more than ${LICENSE_KEYS_QUANTITY_MAX}.`

/** The protocol's messages for missing texts. It has none for texts that are too long. */
const MISSING_TEXT: Messages = {
  contract_key: KEY_MISSING_OR_TAKEN,
  contract_name: 'Contract name is required.',
  contract_information: 'Contract information is required.',
}

/** The protocol's messages for the other fields. Each has a single message. */
const INVALID: Messages = {
  product_id: PRODUCT_ID_INVALID,
  license_keys_quantity: QUANTITY_INVALID,
  status: 'Status must be active or inactive',
  can_get_info: 'Can get info must be 1 for true or 0 for false',
  can_generate: 'Can generate must be 1 for true or 0 for false',
  can_destroy: 'Can destroy must be 1 for true or 0 for false',
  can_destroy_all: 'Can destroy all must be 1 for true or 0 for false',
}

/** One message per field, not a list. Shops retry if they find `contract_key`, so valid fields are absent. */
export function contractErrors(errors: FieldErrors): Record<string, string | undefined> {
  const messages = Object.entries(errors).map(([field, [message]]) => {
    if (message === QUANTITY_OUT_OF_RANGE) return [field, message]
    const isMissing = message === requiredSentence(field)
    return [field, INVALID[field] ?? (isMissing ? MISSING_TEXT[field] : undefined) ?? message]
  })
  return Object.fromEntries(messages)
}

const REJECTIONS: Readonly<Record<RejectedField, readonly [field: string, message: string]>> = {
  contractKey: ['contract_key', KEY_MISSING_OR_TAKEN],
  productId: ['product_id', PRODUCT_ID_INVALID],
  licenseKeysQuantity: ['license_keys_quantity', QUANTITY_OUT_OF_RANGE],
}

export function rejectionFields(rejected: readonly RejectedField[]) {
  return { errors: Object.fromEntries(rejected.map((field) => REJECTIONS[field])) }
}
