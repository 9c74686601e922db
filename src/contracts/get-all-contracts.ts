/** `GET /api/v1/get-all-contracts`: every contract, by ascending id. The protocol knows no pages here. */
import * as z from 'zod/mini'
import { authenticatedEndpoint } from '../http/authenticated.ts'
import { answerToReading } from '../protocol/answers.ts'
import { CODES } from '../protocol/codes.ts'
import { contractObject } from './contract-object.ts'
import { allContracts } from './contracts.ts'

export const getAllContracts = authenticatedEndpoint({
  method: 'GET',
  path: '/api/v1/get-all-contracts',
  access: 'contracts',
  parameters: () => z.object({}),

  async handle({ settings, caller }) {
    return answerToReading(settings, await allContracts(settings.db, caller), (contracts) => ({
      code: CODES.allContracts,
      fields: { contracts: contracts.map(contractObject) },
    }))
  },
})
