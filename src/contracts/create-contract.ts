/** `POST /api/v1/create-contract`: lets whoever is given the contract key generate license keys of a product. */
import * as z from 'zod/mini'
import type { CallerRefusal } from '../callers/api-keys.ts'
import { perform } from '../callers/operation.ts'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES } from '../protocol/codes.ts'
import { createdContractObject } from './contract-object.ts'
import {
  CONTRACT_BODY_BYTES_MAX,
  contractFields,
  contractOrder,
  faultyContract,
  incorrectContract,
} from './contract-parameters.ts'
import { type ContractCreation, contractCreation, orderValues } from './contract-terms.ts'

export const createContract = authenticatedEndpoint({
  path: '/api/v1/create-contract',
  access: 'contracts',
  parameters: () => z.object(contractFields),
  incorrect: incorrectContract,
  bodyBytesMax: CONTRACT_BODY_BYTES_MAX,

  async handle({ settings, parameters, request }) {
    const order = contractOrder(parameters)
    const performed = await perform<ContractCreation, CallerRefusal>(
      settings.db,
      contractCreation,
      { ...request, parameters: order.terms },
      orderValues(order),
    )
    return answerToOperation(settings, performed, (outcome) => {
      if (outcome.kind === 'incorrect') return faultyContract(outcome.faults)
      const contract = createdContractObject({ ...order.terms, ...outcome.numbersAsSent, ...outcome.facts })
      return { code: CODES.contractCreated, fields: { contract } }
    })
  },
})
