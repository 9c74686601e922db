/** `POST /api/v1/create-contract`: lets whoever is given the contract key generate license keys of a product. */
import * as z from 'zod/mini'
import type { CallerRefusal } from '../auth/api-keys.ts'
import { CODES } from '../envelope/codes.ts'
import { createdContractObject } from '../licensing/contract-object.ts'
import { type ContractCreation, contractCreation, orderValues } from '../licensing/contract-terms.ts'
import { perform } from '../licensing/operation.ts'
import { answerToOperation } from './answers.ts'
import { authenticatedEndpoint } from './authenticated.ts'
import {
  CONTRACT_BODY_BYTES_MAX,
  contractFields,
  contractOrder,
  faultyContract,
  incorrectContract,
} from './contract-parameters.ts'

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
