/** `POST /api/v1/delete-contract`: ends a contract. The license keys that were generated under it stay. */
import * as z from 'zod/mini'
import type { CallerRefusal } from '../callers/api-keys.ts'
import { perform } from '../callers/operation.ts'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToOperation } from '../protocol/answers.ts'
import { CODES } from '../protocol/codes.ts'
import { contractId } from './contract-parameters.ts'
import { type ContractDeletion, contractDeletion } from './contracts.ts'

export const deleteContract = authenticatedEndpoint({
  path: '/api/v1/delete-contract',
  access: 'contracts',
  parameters: () => z.object({ contract_id: contractId }),

  async handle({ settings, parameters, request }) {
    const performed = await perform<ContractDeletion, CallerRefusal>(settings.db, contractDeletion, request, {
      contractId: parameters.contract_id,
    })
    return answerToOperation(settings, performed, ({ kind }) => ({
      code: kind === 'deleted' ? CODES.contractDeleted : CODES.contractToChangeNotFound,
    }))
  },
})
