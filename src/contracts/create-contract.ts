/**
 * `POST /api/v1/create-contract`: creates a contract.
 *
 * Guarantees: a contract key belongs to one contract, even if requests race. If an API key creates an
 * identical contract again, the existing contract is returned. Shops rely on this if they lose a response.
 */
import * as z from 'zod/mini'
import { apiKey, PRODUCT_AUTHORITY } from '../callers/api-keys.ts'
import type { Authority } from '../callers/authority.ts'
import { defineOperation, type OperationParts, perform } from '../callers/operation.ts'
import { LONG_TEXT_BODY_BYTES_MAX } from '../http/body.ts'
import { endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import { contractFactsJson, createdContractObject } from './contract.ts'
import { contractAudit } from './contract-audit.ts'
import { CONTRACT_FIELDS, contractErrors, contractOrder, rejectionFields } from './contract-fields.ts'
import {
  acceptOrder,
  COLUMN_NAMES,
  COLUMN_PAIRS,
  COLUMN_VALUES,
  decideOrder,
  type OrderOutcome,
  orderValues,
  PRODUCT_IS_MISSING,
  withTerms,
} from './contract-order.ts'

/** `found`: the same caller already created it with the same terms. */
export type Created = OrderOutcome<'created' | 'found'>

const IS_KEY_TAKEN = 'exists (select 1 from contracts where contract_key = :contractKey)'

const CONTRACT_ID = '(select id from contracts where contract_key = :contractKey)'

/** Placeholders: those of `orderValues`. */
export function contractCreation({ source, table, isCaller }: Authority): OperationParts<Created> {
  const isSame = `exists (select 1 from contracts where source = ${source} and ${COLUMN_PAIRS.join(' and ')})`
  return {
    decision: `case when ${isSame} then ${acceptOrder('found')}
      else ${decideOrder('created', { contractKey: IS_KEY_TAKEN, productId: PRODUCT_IS_MISSING })} end`,
    changes: ['created', 'found'],
    writes: ({ decided, addToOutcome }) => [
      `insert into contracts (${COLUMN_NAMES}, source, created_at, updated_at)
       select ${COLUMN_VALUES}, ${source}, :now, :now from ${table} where ${isCaller} and ${decided('created')}`,
      addToOutcome(
        `'$.facts', json((select ${contractFactsJson('contracts')} from contracts where contract_key = :contractKey))`,
        'created',
        'found',
      ),
    ],
    audit: () => contractAudit(CONTRACT_ID),
  }
}

const creation = defineOperation<Created>({
  authority: PRODUCT_AUTHORITY,
  name: 'create-contract',
  ...contractCreation(PRODUCT_AUTHORITY),
})

export const createContract = endpoint({
  path: '/api/v1/create-contract',
  summary: 'Create a contract',
  caller: apiKey('contracts'),
  parameters: () => z.object(CONTRACT_FIELDS),
  invalidParametersCode: CODES.contractIncorrectData,
  describeErrors: contractErrors,
  bodyBytesMax: LONG_TEXT_BODY_BYTES_MAX,
  outcomes: {
    created: CODES.contractCreated,
    found: CODES.contractCreated,
    incorrect: CODES.contractIncorrectData,
  },

  async handle(call) {
    const order = contractOrder(call.parameters)
    const result = await perform({ ...call, parameters: order.terms }, creation, orderValues(order))
    return withTerms(result, order)
  },

  answer(outcome) {
    if (outcome.kind === 'incorrect') return { fields: rejectionFields(outcome.rejected) }
    const { terms, numbersAsSent, facts } = outcome
    return { fields: { contract: createdContractObject({ ...terms, ...numbersAsSent, ...facts }) } }
  },
})
