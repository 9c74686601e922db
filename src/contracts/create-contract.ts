/**
 * `POST /api/v1/create-contract`: adds a contract. Clients that know its key may generate license keys of a product.
 *
 * Guarantees: a contract key belongs to one contract, also when requests race. An API key that creates the very same
 * contract again gets the contract that exists, also without an idempotency key: a shop that lost the answer asks again
 * with the same contract key.
 */
import * as z from 'zod/mini'
import { API_KEY_AUTHORITY, apiKey } from '../callers/api-keys.ts'
import { defineOperation, perform } from '../callers/operation.ts'
import { LONG_TEXT_BODY_BYTES_MAX } from '../http/body.ts'
import { endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import { contractFactsJson, createdContractObject } from './contract.ts'
import { CONTRACT_FIELDS, contractOrder, contractSentences, faultFields } from './contract-fields.ts'
import {
  COLUMN_NAMES,
  COLUMN_PAIRS,
  COLUMN_VALUES,
  carriedOut,
  NO_PRODUCT,
  type OrderOutcome,
  orderValues,
  unlessFaulty,
  withTerms,
} from './contract-order.ts'

/** `found`: the same API key created it before, on the same terms. */
type Created = OrderOutcome<'created' | 'found'>

const IS_SAME = `exists (select 1 from contracts where source = ${API_KEY_AUTHORITY.source}
  and ${COLUMN_PAIRS.join(' and ')})`
const IS_KEY_TAKEN = 'exists (select 1 from contracts where contract_key = :contractKey)'

const creation = defineOperation<Created>({
  authority: API_KEY_AUTHORITY,
  name: 'create-contract',
  decision: `case when ${IS_SAME} then ${carriedOut('found')}
    else ${unlessFaulty('created', { contractKey: IS_KEY_TAKEN, productId: NO_PRODUCT })} end`,
  changes: ['created', 'found'],
  writes: ({ decided, addToOutcome }) => [
    `insert into contracts (${COLUMN_NAMES}, source, created_at, updated_at)
     select ${COLUMN_VALUES}, ${API_KEY_AUTHORITY.source}, :now, :now from api_keys
     where ${API_KEY_AUTHORITY.isCaller} and ${decided('created')}`,
    addToOutcome(
      `'$.facts', json((select ${contractFactsJson('contracts')} from contracts where contract_key = :contractKey))`,
      'created',
      'found',
    ),
  ],
})

export const createContract = endpoint({
  path: '/api/v1/create-contract',
  summary: 'Create a contract',
  caller: apiKey('contracts'),
  parameters: () => z.object(CONTRACT_FIELDS),
  invalidParametersCode: CODES.contractIncorrectData,
  describeErrors: contractSentences,
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
    if (outcome.kind === 'incorrect') return { fields: faultFields(outcome.faults) }
    const { terms, numbersAsSent, facts } = outcome
    return { fields: { contract: createdContractObject({ ...terms, ...numbersAsSent, ...facts }) } }
  },
})
