/** `POST /api/v1/contracts/generate`: generates license keys under a contract, for its holder. */
import * as z from 'zod/mini'
import { HOLDER_REFUSALS, holderEndpoint } from '../http/contract-holder.ts'
import { freshMaterial } from '../issuing/key-formats.ts'
import { REPLAYED } from '../protocol/answers.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import { unixSeconds } from '../protocol/dates.ts'
import { wholeNumber } from '../protocol/fields.ts'
import { issuedKeyObjects } from '../protocol/license-key-object.ts'
import { type ContractObstacle, generateContractKeys } from './contract-keys.ts'

const OBSTACLES: Record<ContractObstacle, Code> = {
  'product-not-found': CODES.productOfContractNotFound,
  'generator-not-found': CODES.generatorOfContractNotFound,
  'quota-reached': CODES.contractQuotaReached,
  'quota-exceeded': CODES.contractQuotaExceeded,
}

export const contractsGenerate = holderEndpoint({
  method: 'POST',
  path: '/api/v1/contracts/generate',
  // Far more than there may ever be: the protocol has a code of its own for too many.
  parameters: z.object({ quantity: wholeNumber('quantity', 1, 2_147_483_647) }),

  async handle({ settings, now, holder, parameters, idempotencyKey }) {
    const order = { quantity: parameters.quantity, quantityMax: settings.maxQuantity }
    const outcome = await generateContractKeys(settings.db, holder, order, idempotencyKey, {
      now,
      materialFor: freshMaterial,
    })
    if (outcome.kind === 'refused') return { code: HOLDER_REFUSALS[outcome.reason] }
    if (outcome.kind === 'not-generated') return { code: OBSTACLES[outcome.obstacle] }
    const { issuedTo, issuedAt, keys } = outcome
    return {
      code: CODES.contractKeysGenerated,
      fields: { license_keys: issuedKeyObjects(issuedTo, issuedAt, keys) },
      timestamp: unixSeconds(issuedAt),
      ...(outcome.kind === 'replayed' && { headers: REPLAYED }),
    }
  },
})
