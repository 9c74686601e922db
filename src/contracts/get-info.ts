/** `GET /api/v1/contracts/get-info`: returns a contract if its product and generator permit generation. */
import * as z from 'zod/mini'
import { CONTRACT_KEY, contractHolder } from '../callers/contract-holders.ts'
import { defineQuery, runQuery } from '../callers/query.ts'
import { endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import { type Contract, contractJson, contractObject, generationProblems } from './contract.ts'

type Information =
  | { readonly kind: 'product-not-found' | 'generator-not-found' }
  | { readonly kind: 'found'; readonly contract: Contract }

export const contractInformation = defineQuery<Information>(
  contractHolder('can_get_info'),
  `case ${generationProblems('caller', (kind) => `json_object('kind', '${kind}')`)}
    else json_object('kind', 'found', 'contract', ${contractJson('caller')}) end`,
)

export const contractsGetInfo = endpoint({
  method: 'GET',
  path: '/api/v1/contracts/get-info',
  summary: 'Get the contract',
  caller: CONTRACT_KEY,
  parameters: () => z.object({}),
  outcomes: {
    found: CODES.contractFound,
    'product-not-found': CODES.contractProductNotFound,
    'generator-not-found': CODES.contractGeneratorNotFound,
  },
  // Reads the primary, because keys that the holder has just generated must be counted.
  handle: (call) => runQuery(call, contractInformation),
  answer: (outcome) =>
    outcome.kind === 'found' ? { fields: { contract: contractObject(outcome.contract) } } : {},
})
