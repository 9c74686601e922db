/** `POST /api/v1/update-contract`: puts other terms into a contract, all of them. */
import * as z from 'zod/mini'
import type { CallerRefusal } from '../callers/api-keys.ts'
import { perform } from '../callers/operation.ts'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES } from '../protocol/codes.ts'
import { contractObject } from './contract-object.ts'
import {
  CONTRACT_BODY_BYTES_MAX,
  contractFields,
  contractId,
  contractOrder,
  faultyContract,
  incorrectContract,
} from './contract-parameters.ts'
import { type ContractChange, contractChange, orderValues } from './contract-terms.ts'

export const updateContract = authenticatedEndpoint({
  path: '/api/v1/update-contract',
  access: 'contracts',
  parameters: () => z.object({ contract_id: contractId, ...contractFields }),
  incorrect: incorrectContract,
  bodyBytesMax: CONTRACT_BODY_BYTES_MAX,

  async handle({ settings, parameters, request }) {
    const order = contractOrder(parameters)
    const performed = await perform<ContractChange, CallerRefusal>(
      settings.db,
      contractChange,
      { ...request, parameters: { contractId: parameters.contract_id, ...order.terms } },
      { ...orderValues(order), contractId: parameters.contract_id },
    )
    return answerToOperation(settings, performed, (outcome) => {
      if (outcome.kind === 'not-found') return { code: CODES.contractToChangeNotFound }
      if (outcome.kind === 'incorrect') return faultyContract(outcome.faults)
      const contract = contractObject({ ...order.terms, ...outcome.numbersAsSent, ...outcome.facts })
      // Not 842 `contract updated`: that was only written about this endpoint. The signed bytes of the one answer
      // that was captured say 841 `contract created`, and what was on the wire is what clients have met.
      return { code: CODES.contractCreated, fields: { contract } }
    })
  },
})
