/** `GET /api/v1/get-all-contracts`: lists all contracts by ascending id. The protocol has no pages here. */
import * as z from 'zod/mini'
import { apiKey, isListed, LIST_AUTHORITY } from '../callers/api-keys.ts'
import { defineQuery, runQuery } from '../callers/query.ts'
import { endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import { type Contract, contractJson, contractObject } from './contract.ts'

interface Listed {
  readonly kind: 'listed'
  readonly contracts: readonly Contract[]
}

const list = defineQuery<Listed>(LIST_AUTHORITY, `json_object('kind', 'listed')`, {
  contracts: (allowed) => `
    select contracts.id as place, ${contractJson('contracts')} as item from ${allowed} cross join contracts
    where ${isListed('contracts.product_id')}`,
})

export const getAllContracts = endpoint({
  method: 'GET',
  path: '/api/v1/get-all-contracts',
  summary: 'List contracts',
  caller: apiKey('contracts'),
  parameters: () => z.object({}),
  outcomes: { listed: CODES.allContracts },
  handle: (call) => runQuery(call, list),
  answer: ({ contracts }) => ({ fields: { contracts: contracts.map(contractObject) } }),
})
