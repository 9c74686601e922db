/** `POST /api/v1/contracts/destroy-all`: destroys every license key of a contract, for its holder. */
import * as z from 'zod/mini'
import type { HolderRefusal } from '../callers/contract-holders.ts'
import { perform } from '../callers/operation.ts'
import { answerToHoldersOperation, holderEndpoint } from '../http/contract-holder.ts'
import { CODES } from '../protocol/codes.ts'
import { allKeysDestruction, type Destruction } from './contract-destruction.ts'

export const contractsDestroyAll = holderEndpoint({
  method: 'POST',
  path: '/api/v1/contracts/destroy-all',
  parameters: z.object({}),

  async handle({ settings, request }) {
    const performed = await perform<Destruction, HolderRefusal>(settings.db, allKeysDestruction, request, {})
    return answerToHoldersOperation(settings, performed, ({ kind }) => ({
      code: kind === 'deleted' ? CODES.contractKeysDeleted : CODES.contractKeysNotFound,
    }))
  },
})
