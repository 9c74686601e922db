/** The parameters that say what a contract is to be, and the protocol's own way to say what is wrong with them. */
import * as z from 'zod/mini'
import { BODY_BYTES_MAX } from '../http/body.ts'
import { CODES } from '../protocol/codes.ts'
import type { Answer } from '../protocol/endpoint.ts'
import {
  choice,
  type FieldErrors,
  flag,
  plainText,
  productId,
  requiredSentence,
  wholeNumber,
} from '../protocol/fields.ts'
import type { ContractFault, ContractOrder } from './contract-terms.ts'

export const LICENSE_KEYS_QUANTITY_MAX = 100_000
/** Twice the usual: 10,000 characters of any script, percent-encoded, are 120 kB. */
export const CONTRACT_BODY_BYTES_MAX = 2 * BODY_BYTES_MAX

export const contractId = wholeNumber('contract_id', 1, 2_147_483_647)

export const contractFields = {
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

/** A number that is kept as it came, text or number, since the answer repeats it so. */
function asSent(rule: z.ZodMiniType<number>) {
  return z
    .custom<string | number>((value) => rule.safeParse(value).success)
    .check(z.meta(z.globalRegistry.get(rule) ?? {}))
}

/** The order as the domain wants it: numbers as numbers, so that a form and JSON say the same. */
export function contractOrder(fields: z.output<z.ZodMiniObject<typeof contractFields>>): ContractOrder {
  const numbersAsSent = {
    productId: fields.product_id,
    licenseKeysQuantity: fields.license_keys_quantity,
    canGetInfo: fields.can_get_info,
    canGenerate: fields.can_generate,
    canDestroy: fields.can_destroy,
    canDestroyAll: fields.can_destroy_all,
  }
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
  return { terms, numbersAsSent }
}

/** The protocol's only sentence for each field, as far as it is true: not for a text that is there, and is too long. */
const SENTENCES: Readonly<Record<string, string>> = {
  contract_key: 'Contract key is required and must be unique.',
  contract_name: 'Contract name is required.',
  contract_information: 'Contract information is required.',
  product_id: 'Product Id must be a valid product Id.',
  license_keys_quantity: `License keys quantity must be 1 or more, and not more than ${LICENSE_KEYS_QUANTITY_MAX}.`,
  status: 'Status must be active or inactive',
  can_get_info: 'Can get info must be 1 for true or 0 for false',
  can_generate: 'Can generate must be 1 for true or 0 for false',
  can_destroy: 'Can destroy must be 1 for true or 0 for false',
  can_destroy_all: 'Can destroy all must be 1 for true or 0 for false',
}

const FAULTY_FIELDS: Readonly<Record<ContractFault, string>> = {
  contractKey: 'contract_key',
  productId: 'product_id',
  licenseKeysQuantity: 'license_keys_quantity',
}

/**
 * The answer to wrong parameters: one sentence a field, not a list. Only the fields that are wrong are in it, since a
 * shop that finds `contract_key` there takes the key to be the trouble and asks again.
 */
export function incorrectContract(errors: FieldErrors): Answer {
  const sentences = Object.entries(errors).map(([field, [text]]) => [field, sentenceFor(field, text)])
  return { code: CODES.contractIncorrect, fields: { errors: Object.fromEntries(sentences) } }
}

function sentenceFor(field: string, text: string | undefined): string | undefined {
  const sentence = SENTENCES[field]
  const isOfAnother = sentence?.includes('is required') && text !== requiredSentence(field)
  return isOfAnother ? text : (sentence ?? text)
}

/** The same for what the database has found wrong. */
export function faultyContract(faults: readonly ContractFault[]) {
  const sentences = faults.map((fault) => [FAULTY_FIELDS[fault], SENTENCES[FAULTY_FIELDS[fault]]])
  return { code: CODES.contractIncorrect, fields: { errors: Object.fromEntries(sentences) } }
}
