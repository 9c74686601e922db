/** `POST /api/v1/contracts/destroy`: destroys a license key of a contract, for its holder. */
import * as z from 'zod/mini'
import type { HolderRefusal } from '../callers/contract-holders.ts'
import { perform } from '../callers/operation.ts'
import { answerToHoldersOperation, holderEndpoint } from '../http/contract-holder.ts'
import { CODES } from '../protocol/codes.ts'
import { licenseKey } from '../protocol/fields.ts'
import { type Destruction, keyDestruction } from './contract-destruction.ts'

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
