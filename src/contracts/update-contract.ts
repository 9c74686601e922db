/** `POST /api/v1/update-contract`: replaces all terms of a contract. Its quota must cover existing keys. */
import * as z from 'zod/mini'
import { apiKey, apiKeyAuthority } from '../callers/api-keys.ts'
import { defineOperation, type OperationParts, perform } from '../callers/operation.ts'
import { NEXT_VERSION } from '../db/conditions.ts'
import { LONG_TEXT_BODY_BYTES_MAX } from '../http/body.ts'
import { endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import { contractFactsJson, contractObject, licenseKeysCount } from './contract.ts'
import { contractAudit } from './contract-audit.ts'
import {
  CONTRACT_FIELDS,
  contractErrors,
  contractId,
  contractOrder,
  rejectionFields,
} from './contract-fields.ts'
import {
  COLUMN_CHANGES,
  decideOrder,
  type OrderOutcome,
  orderValues,
  PRODUCT_IS_MISSING,
  PRODUCT_OF_CONTRACT,
  withTerms,
} from './contract-order.ts'

export type Updated = OrderOutcome<'updated'> | { readonly kind: 'not-found' }

const IS_KEY_TAKEN =
  'exists (select 1 from contracts where contract_key = :contractKey and id <> :contractId)'

/** Placeholders: `contractId` and those of `orderValues`. */
export const contractChange: OperationParts<Updated> = {
  decision: `case when not exists (select 1 from contracts where id = :contractId)
    then json_object('kind', 'not-found')
    else ${decideOrder('updated', {
      contractKey: IS_KEY_TAKEN,
      productId: `:productId is not null and ${PRODUCT_IS_MISSING}`,
      licenseKeysQuantity: `:licenseKeysQuantity < ${licenseKeysCount(':contractId')}`,
    })} end`,
  changes: ['updated'],
  writes: ({ decided, addToOutcome }) => [
    `update contracts set ${COLUMN_CHANGES.join(', ')}, updated_at = ${NEXT_VERSION}
     where id = :contractId and ${decided('updated')}`,
    addToOutcome(
      `'$.facts', json((select ${contractFactsJson('contracts')} from contracts where id = :contractId))`,
      'updated',
    ),
  ],
  audit: () => contractAudit(':contractId'),
}

export const contractUpdate = defineOperation<Updated>({
  authority: apiKeyAuthority({ products: `select :productId union all ${PRODUCT_OF_CONTRACT}` }),
  name: 'update-contract',
  ...contractChange,
})

export const updateContract = endpoint({
  path: '/api/v1/update-contract',
  summary: 'Update a contract',
  caller: apiKey('contracts'),
  parameters: () => z.object({ contract_id: contractId, ...CONTRACT_FIELDS }),
  invalidParametersCode: CODES.contractIncorrectData,
  describeErrors: contractErrors,
  bodyBytesMax: LONG_TEXT_BODY_BYTES_MAX,
  outcomes: {
    // Only the protocol's documentation mentions 842 `contract updated`. A captured signed response contains
    // 841 `contract created`, so clients expect 841.
    updated: CODES.contractCreated,
    incorrect: CODES.contractIncorrectData,
    'not-found': CODES.changeContractNotFound,
  },

  async handle(call) {
    const order = contractOrder(call.parameters)
    const identity = { contractId: call.parameters.contract_id }
    const result = await perform({ ...call, parameters: { ...identity, ...order.terms } }, contractUpdate, {
      ...orderValues(order),
      ...identity,
    })
    return withTerms(result, order)
  },

  answer(outcome) {
    switch (outcome.kind) {
      case 'not-found':
        return {}
      case 'incorrect':
        return { fields: rejectionFields(outcome.rejected) }
      case 'updated': {
        const { terms, numbersAsSent, facts } = outcome
        return { fields: { contract: contractObject({ ...terms, ...numbersAsSent, ...facts }) } }
      }
    }
  },
})
