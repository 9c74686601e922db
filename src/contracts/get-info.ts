/** `GET /api/v1/contracts/get-info`: tells a contract's holder what it is and how much of it is left. */
import * as z from 'zod/mini'
import { type HolderRefusal, holderValues } from '../callers/contract-holders.ts'
import { read } from '../callers/reading.ts'
import { HOLDER_REFUSALS, holderEndpoint } from '../http/contract-holder.ts'
import { CODES } from '../protocol/codes.ts'
import { type ContractInformation, contractInformation } from './contract-information.ts'
import { contractObject } from './contract-object.ts'

export const contractsGetInfo = holderEndpoint({
  method: 'GET',
  path: '/api/v1/contracts/get-info',
  parameters: z.object({}),

  async handle({ settings, holder }) {
    // The primary: a holder that has just generated keys wants to see them counted.
    const answer = await read<ContractInformation, HolderRefusal>(
      settings.db,
      contractInformation,
      holderValues(holder),
    )
    if (answer.kind === 'refused') return { code: HOLDER_REFUSALS[answer.reason] }
    switch (answer.found.kind) {
      case 'product-not-found':
        return { code: CODES.productOfContractNotFound }
      case 'generator-not-found':
        return { code: CODES.generatorOfContractNotFound }
      case 'found':
        return { code: CODES.contractFound, fields: { contract: contractObject(answer.found.contract) } }
    }
  },
})
