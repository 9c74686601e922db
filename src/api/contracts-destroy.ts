/** `POST /api/v1/contracts/destroy`: destroys a license key of a contract, for its holder. */
import * as z from 'zod/mini'
import type { HolderRefusal } from '../auth/contract-holders.ts'
import { CODES } from '../envelope/codes.ts'
import { type Destruction, keyDestruction } from '../licensing/contract-destruction.ts'
import { perform } from '../licensing/operation.ts'
import { answerToHoldersOperation, holderEndpoint } from './contract-holder.ts'
import { licenseKey } from './parameters.ts'

export const contractsDestroy = holderEndpoint({
  method: 'POST',
  path: '/api/v1/contracts/destroy',
  parameters: z.object({ license_key: licenseKey }),

  async handle({ settings, parameters, request }) {
    const performed = await perform<Destruction, HolderRefusal>(settings.db, keyDestruction, request, {
      licenseKey: parameters.license_key ?? null,
    })
    return answerToHoldersOperation(settings, performed, ({ kind }) => ({
      code: kind === 'deleted' ? CODES.contractKeyDeleted : CODES.contractKeyNotFound,
    }))
  },
})
