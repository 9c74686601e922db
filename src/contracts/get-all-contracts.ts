/** `GET /api/v1/get-all-contracts`: lists all contracts by ascending id. The protocol has no pages here. */
import * as z from 'zod/mini'
import { API_KEY_AUTHORITY, apiKey } from '../callers/api-keys.ts'
import { done, type Result, refused } from '../callers/caller.ts'
import type { QueryCall } from '../callers/query.ts'
import { bind, compileText, runBatch } from '../db/batch.ts'
import { endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import { type Contract, contractJson, contractObject } from './contract.ts'

interface Listed {
  readonly kind: 'listed'
  readonly contracts: readonly Contract[]
}

interface ContractRow {
  readonly refusal: string | null
  readonly callerId: number | null
  /** JSON text. null if the caller is refused or there is no contract. */
  readonly contract: string | null
}

/** One row per contract, because all contracts as one text could exceed the 2 MB that D1 allows. */
const selectContracts = compileText<ContractRow>(`
  select caller.refusal as refusal, caller.id as callerId,
    case when contracts.id is not null then ${contractJson('contracts')} end as contract
  from (select ${API_KEY_AUTHORITY.refusal} as refusal, api_keys.id from (select 1) as request
    left join api_keys on ${API_KEY_AUTHORITY.isCaller}) as caller
  left join contracts on caller.refusal is null
  order by contracts.id`)

export const getAllContracts = endpoint({
  method: 'GET',
  path: '/api/v1/get-all-contracts',
  summary: 'List contracts',
  caller: apiKey('contracts'),
  parameters: () => z.object({}),
  outcomes: { listed: CODES.allContracts },
  handle: (call) => readContracts(call),
  answer: ({ contracts }) => ({ fields: { contracts: contracts.map(contractObject) } }),
})

async function readContracts({ db, caller, now }: QueryCall): Promise<Result<Listed>> {
  const [rows] = await runBatch(db, [bind(selectContracts, caller)])
  const [first] = rows
  if (!first) throw new Error('Expected a result row.')
  const { refusal, callerId } = first
  if (refusal !== null) return refused(refusal, callerId)
  const texts = rows.flatMap(({ contract }) => contract ?? [])
  const contracts = texts.map((text) => JSON.parse(text) as Contract)
  return done({ kind: 'listed', contracts }, now, callerId)
}
