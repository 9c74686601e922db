/** Contracts of a shop, and requests of their sellers and holders. */
import { env } from 'cloudflare:workers'
import { type ApiResponse, post, type RequestOptions, readEnvelope, send } from './client.ts'
import type { Shop } from './shop.ts'

export const CREATE = '/api/v1/create-contract'
export const GET_INFO = '/api/v1/contracts/get-info'
export const GENERATE = '/api/v1/contracts/generate'
export const DESTROY = '/api/v1/contracts/destroy'
export const DESTROY_ALL = '/api/v1/contracts/destroy-all'

export interface TestContract {
  readonly id: number
  readonly key: string
}

/** The fields of a valid `create-contract` request, as a shop plugin sends them. */
export function contractFields({ productId }: Shop, changes: Record<string, string> = {}) {
  return {
    product_id: String(productId),
    license_keys_quantity: '65',
    contract_key: crypto.randomUUID(),
    contract_name: 'Contract 31121',
    contract_information: 'Contract for the order number 31',
    status: 'active',
    can_get_info: '1',
    can_generate: '1',
    can_destroy: '1',
    can_destroy_all: '1',
    ...changes,
  }
}

interface ContractOptions {
  readonly quota?: number
  readonly status?: 'active' | 'inactive'
  /** Permission columns that are set to 0. */
  readonly forbidden?: readonly string[]
}

/** Adds a contract that permits everything by default. */
export async function addContract(
  { productId, apiKeyId }: Shop,
  { quota = 65, status = 'active', forbidden = [] }: ContractOptions = {},
): Promise<TestContract> {
  const key = crypto.randomUUID()
  const isPermitted = (permission: string) => (forbidden.includes(permission) ? 0 : 1)
  const row = await env.DB.prepare(
    `insert into contracts (contract_key, name, information, product_id, license_keys_quantity, status,
       can_get_info, can_generate, can_destroy, can_destroy_all, source, created_at, updated_at)
     values (?, 'Reseller', 'Ten seats', ?, ?, ?, ?, ?, ?, ?, 'api:' || ?, 0, 1000) returning id`,
  )
    .bind(
      key,
      productId,
      quota,
      status,
      isPermitted('can_get_info'),
      isPermitted('can_generate'),
      isPermitted('can_destroy'),
      isPermitted('can_destroy_all'),
      apiKeyId,
    )
    .first<{ id: number }>()
  if (!row) throw new Error('The contract was not added.')
  return { id: row.id, key }
}

/** Adds a generator to the shop's product. Its keys are valid for a year and allow three activations. */
export async function addGenerator({ productId }: Shop, status: 0 | 1 = 1): Promise<void> {
  await env.DB.prepare(
    `insert into generators (product_id, method, prefix, suffix, charset, number_of_chunks, chunk_length,
       activation_limit, validity_days, status, created_at, updated_at)
     values (?, 'chunk-system', 'C-', '', '0123456789ABCDEF', 4, 4, 3, 365, ?, 0, 0)`,
  )
    .bind(productId, status)
    .run()
}

/** Calls a contract endpoint. The fields go into the query of `get-info`, and into the form of all others. */
export async function callAsContractHolder(
  path: string,
  fields: Record<string, string>,
  options: RequestOptions = {},
): Promise<ApiResponse> {
  if (path !== GET_INFO) return post(fields, { path, ...options })
  return readEnvelope(await send({ path: `${path}?${new URLSearchParams(fields)}`, ...options }))
}

/** The license keys of a contract, by ascending id. */
export async function keysOfContract({ id }: TestContract): Promise<string[]> {
  const { results } = await env.DB.prepare(
    'select license_key from license_keys where contract_id = ? order by id',
  )
    .bind(id)
    .all<{ license_key: string }>()
  return results.map(({ license_key }) => license_key)
}

/** All rows that a contract's holder or seller can change, as text. */
export async function contractSnapshot(): Promise<string> {
  const tables = ['contracts', 'issuances', 'license_keys', 'license_keys_as_issued', 'operations']
  const results = await env.DB.batch(tables.map((table) => env.DB.prepare(`select * from ${table}`)))
  return JSON.stringify(results.map(({ results: rows }) => rows))
}
