/** A contract as the admin API shows it, and the fields that set it. Only owners see contract keys. */
import * as z from 'zod/mini'
import { type Contract, type ContractTerms, contractJson } from '../../contracts/contract.ts'
import { LICENSE_KEYS_QUANTITY_MAX } from '../../contracts/contract-fields.ts'
import { orderValues, type RejectedField } from '../../contracts/contract-order.ts'
import {
  choice,
  type FieldErrors,
  optional,
  PRODUCT_INVALID,
  plainText,
  wholeNumber,
} from '../../protocol/fields.ts'
import { etagOf, isoInstant, productId, yesOrNo } from '../fields.ts'

/** @param contractKey null if the operator must not see it, or if the contract was deleted */
function contractBody(contract: Omit<Contract, 'contractKey'>, contractKey: string | null) {
  return {
    id: contract.id,
    contract_key: contractKey,
    name: contract.name,
    information: contract.information,
    product_id: contract.productId,
    license_keys_quantity: contract.licenseKeysQuantity,
    license_keys_count: contract.licenseKeysCount,
    status: contract.status,
    can_get_info: contract.canGetInfo === 1,
    can_generate: contract.canGenerate === 1,
    can_destroy: contract.canDestroy === 1,
    can_destroy_all: contract.canDestroyAll === 1,
    created_at: isoInstant(contract.createdAt),
    updated_at: isoInstant(contract.updatedAt),
  }
}

export function shownContract(contract: Contract, role: string) {
  return contractBody(contract, role === 'owner' ? contract.contractKey : null)
}

const KEY = plainText('contract_key', 255)
export const NAME = plainText('name', 255)
export const INFORMATION = plainText('information', 10_000)
export const QUANTITY = wholeNumber('license_keys_quantity', 1, LICENSE_KEYS_QUANTITY_MAX)

export const OTHER_FIELDS = {
  contract_key: optional(KEY),
  status: optional(choice('status', ['active', 'inactive'])),
  can_get_info: z.optional(yesOrNo('can_get_info')),
  can_generate: z.optional(yesOrNo('can_generate')),
  can_destroy: z.optional(yesOrNo('can_destroy')),
  can_destroy_all: z.optional(yesOrNo('can_destroy_all')),
}

export const CHANGES = {
  name: optional(NAME),
  information: optional(INFORMATION),
  product_id: optional(productId),
  license_keys_quantity: optional(QUANTITY),
  ...OTHER_FIELDS,
}

/** @returns the values of the placeholders of a contract; null: not sent */
export function termValues(body: z.output<z.ZodMiniObject<typeof CHANGES>>) {
  const terms: { readonly [Term in keyof ContractTerms]: ContractTerms[Term] | null } = {
    contractKey: body.contract_key ?? null,
    name: body.name ?? null,
    information: body.information ?? null,
    status: body.status ?? null,
    productId: body.product_id ?? null,
    licenseKeysQuantity: body.license_keys_quantity ?? null,
    canGetInfo: flag(body.can_get_info),
    canGenerate: flag(body.can_generate),
    canDestroy: flag(body.can_destroy),
    canDestroyAll: flag(body.can_destroy_all),
  }
  return orderValues({ terms, numbersAsSent: {} })
}

function flag(value: boolean | undefined): number | null {
  return value === undefined ? null : Number(value)
}

export interface Incorrect {
  readonly kind: 'incorrect'
  readonly rejected: readonly RejectedField[]
}

const REJECTIONS: Readonly<Record<RejectedField, FieldErrors>> = {
  contractKey: { contract_key: ['Another contract has this contract_key.'] },
  productId: PRODUCT_INVALID,
  licenseKeysQuantity: {
    license_keys_quantity: ['The license_keys_quantity field is less than the license keys of the contract.'],
  },
}

export const INCORRECT = {
  code: 'invalid-request',
  describe: ({ rejected }: Incorrect) => ({
    errors: Object.assign({}, ...rejected.map((field) => REJECTIONS[field])) as FieldErrors,
  }),
} as const

/** The outcome contains the contract without its key, so that a repeated request gets the same after it was deleted. */
export interface Stored {
  readonly contract: Omit<Contract, 'contractKey'>
  readonly contractKey: string | null
}

/** SQL for `addToOutcome`. @param contractId SQL */
export function storedMembers(contractId: string): string {
  return `'$.contract', json((select json_remove(${contractJson('contracts')}, '$.contractKey')
    from contracts where id = ${contractId}))`
}

export const CURRENT_KEY = `'$.contractKey', (select contract_key from contracts where id = operations.outcome ->> '$.contract.id')`

export function storedAnswer({ contract, contractKey }: Stored) {
  return { body: contractBody(contract, contractKey), headers: etagOf(contract.updatedAt) }
}
