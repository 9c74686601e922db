/** The parameters of an order for a contract, and the protocol's way to say what is wrong with them. */
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
import type { ContractFault, ContractOrder } from './contract-order.ts'

const LICENSE_KEYS_QUANTITY_MAX = 100_000

export const contractId = wholeNumber('contract_id', 1, INTEGER_MAX)

export const CONTRACT_FIELDS = {
  contract_key: plainText('contract_key', 255),
  contract_name: plainText('contract_name', 255),
  contract_information: plainText('contract_information', 10_000),
  product_id: asSent(productId),
  license_keys_quantity: asSent(wholeNumber('license_keys_quantity', 1, LICENSE_KEYS_QUANTITY_MAX)),
  status: choice('status', ['active', 'inactive']),
  can_get_info: asSent(flag('can_get_info')),
  can_generate: asSent(flag('can_generate')),
  can_destroy: asSent(flag('can_destroy')),
  can_destroy_all: asSent(flag('can_destroy_all')),
}

/** A number that is kept as it was sent, as text or number, since the answer repeats it. */
function asSent(rule: z.ZodMiniType<number>) {
  return z
    .custom<string | number>((value) => rule.safeParse(value).success)
    .check(z.meta(z.globalRegistry.get(rule) ?? {}))
}

/** The order with its numbers as numbers, so that a form and JSON are the same order. */
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

type Sentences = Readonly<Record<string, string>>

const KEY_MISSING_OR_TAKEN = 'Contract key is required and must be unique.'
const PRODUCT_ID_WRONG = 'Product Id must be a valid product Id.'
const QUANTITY_WRONG = `License keys quantity must be 1 or more, and not more than ${LICENSE_KEYS_QUANTITY_MAX}.`

/** The protocol's sentences for texts that are missing. It has none for a text that is too long. */
const MISSING: Sentences = {
  contract_key: KEY_MISSING_OR_TAKEN,
  contract_name: 'Contract name is required.',
  contract_information: 'Contract information is required.',
}

/** The protocol's sentences for other fields, whatever is wrong with them. */
const WRONG: Sentences = {
  product_id: PRODUCT_ID_WRONG,
  license_keys_quantity: QUANTITY_WRONG,
  status: 'Status must be active or inactive',
  can_get_info: 'Can get info must be 1 for true or 0 for false',
  can_generate: 'Can generate must be 1 for true or 0 for false',
  can_destroy: 'Can destroy must be 1 for true or 0 for false',
  can_destroy_all: 'Can destroy all must be 1 for true or 0 for false',
}

/**
 * The answer to wrong parameters: one sentence for each field that is wrong, not a list. No other field is in it: a
 * shop that finds `contract_key` there takes the key to be the problem and asks again.
 */
export function contractSentences(errors: FieldErrors): Record<string, string | undefined> {
  const sentences = Object.entries(errors).map(([field, [text]]) => {
    const isMissing = text === requiredSentence(field)
    return [field, WRONG[field] ?? (isMissing ? MISSING[field] : undefined) ?? text]
  })
  return Object.fromEntries(sentences)
}

/** What the database finds wrong with an order: the field and the sentence. */
const FAULTS: Readonly<Record<ContractFault, readonly [field: string, sentence: string]>> = {
  contractKey: ['contract_key', KEY_MISSING_OR_TAKEN],
  productId: ['product_id', PRODUCT_ID_WRONG],
  licenseKeysQuantity: ['license_keys_quantity', QUANTITY_WRONG],
}

/** The fields of the answer to an order that the database finds wrong. */
export function faultFields(faults: readonly ContractFault[]) {
  return { errors: Object.fromEntries(faults.map((fault) => FAULTS[fault])) }
}
