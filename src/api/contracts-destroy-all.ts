/** `POST /api/v1/contracts/destroy-all`: destroys every license key of a contract, for its holder. */
import * as z from 'zod/mini'
import type { HolderRefusal } from '../auth/contract-holders.ts'
import { CODES } from '../envelope/codes.ts'
import { allKeysDestruction, type Destruction } from '../licensing/contract-destruction.ts'
import { perform } from '../licensing/operation.ts'
import { answerToHoldersOperation, holderEndpoint } from './contract-holder.ts'

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
