/** `POST /api/v1/delete-contract`: ends a contract. The license keys that were generated under it stay. */
import * as z from 'zod/mini'
import type { CallerRefusal } from '../auth/api-keys.ts'
import { CODES } from '../envelope/codes.ts'
import { type ContractDeletion, contractDeletion } from '../licensing/contracts.ts'
import { perform } from '../licensing/operation.ts'
import { answerToOperation } from './answers.ts'
import { authenticatedEndpoint } from './authenticated.ts'
import { contractId } from './contract-parameters.ts'

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
