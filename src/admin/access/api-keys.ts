/** `/admin/v1/api-keys`: the keys of shops and of software. */
import { auditSubject } from '../../callers/audit.ts'
import { defineOperation, perform, type WriteSql } from '../../callers/operation.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import { defineQuery, runQuery } from '../../callers/query.ts'
import { optional } from '../../protocol/fields.ts'
import { page } from '../cursor.ts'
import { adminEndpoint } from '../endpoint.ts'
import { etagOf, isOtherVersion, NEXT_VERSION, PROBLEMS_OF_CHANGES } from '../fields.ts'
import { listById, pageById } from '../list-by-id.ts'
import {
  API_KEY,
  type ApiKey,
  apiKeyBody,
  apiKeyWhere,
  NAME,
  PRODUCT_NOT_FOUND,
  SCOPE_FIELDS,
  STATE,
  scopeValues,
  unlessProductMissing,
} from './api-key.ts'
import { createApiKey } from './create-api-key.ts'

const VIEWER = operatorAuthority({ role: 'viewer' })
const OWNER = operatorAuthority({ role: 'owner' })

const selectApiKeys = listById<ApiKey>({ role: 'viewer' }, { table: 'api_keys', item: API_KEY })

const listApiKeys = adminEndpoint({
  method: 'GET',
  path: '/api-keys',
  summary: 'List API keys',
  role: 'viewer',
  query: () => page(),
  problems: {},
  handle: (call) => selectApiKeys(call),
  answer: ({ items }, { call }) => ({ body: pageById(items, call.query, apiKeyBody) }),
})

type Found = { readonly kind: 'found'; readonly apiKey: ApiKey } | { readonly kind: 'not-found' }

const IS_API_KEY = 'api_keys.id = :id'

const selectApiKey = defineQuery<Found>(
  VIEWER,
  `coalesce((select json_object('kind', 'found', 'apiKey', ${API_KEY}) from api_keys where ${IS_API_KEY}),
    json_object('kind', 'not-found'))`,
)

const showApiKey = adminEndpoint({
  method: 'GET',
  path: '/api-keys/:id',
  summary: 'Show an API key',
  role: 'viewer',
  problems: { 'not-found': 'not-found' },
  handle: (call) => runQuery(call, selectApiKey, { id: call.path.id }),
  answer: ({ apiKey }) => ({ body: apiKeyBody(apiKey), headers: etagOf(apiKey.updatedAt) }),
})

type Changed =
  | { readonly kind: 'changed'; readonly apiKey: ApiKey }
  | { readonly kind: 'not-found' | 'version-mismatch' | 'product-not-found' }

/** An operation that changes the API key with the id `:id`. @param set SQL @param kind SQL: the outcome of a change */
function changeOperation(name: string, set: string, kind = `'changed'`) {
  return defineOperation<Changed>({
    authority: OWNER,
    name,
    decision: `coalesce((select json_object('kind',
        iif(${isOtherVersion('api_keys.updated_at')}, 'version-mismatch', ${kind}))
      from api_keys where ${IS_API_KEY}), json_object('kind', 'not-found'))`,
    changes: ['changed'],
    writes: ({ decided, addToOutcome }: WriteSql) => [
      `update api_keys set ${set}, updated_at = ${NEXT_VERSION} where ${IS_API_KEY} and ${decided('changed')}`,
      addToOutcome(`'$.apiKey', ${apiKeyWhere(IS_API_KEY)}`, 'changed'),
    ],
    audit: () => ({ subject: auditSubject('api-key', ':id'), state: apiKeyWhere(IS_API_KEY, STATE) }),
  })
}

const change = changeOperation(
  'api-keys.change',
  `name = coalesce(:name, name), capabilities = coalesce(:capabilities, capabilities),
   allowed_ips = iif(:hasNetworks, :allowedNetworks, allowed_ips),
   product_ids = iif(:hasProducts, :productIds, product_ids), expires_at = iif(:hasExpiry, :expiresAt, expires_at)`,
  unlessProductMissing(`'changed'`),
)

const PROBLEMS = { ...PROBLEMS_OF_CHANGES, 'product-not-found': PRODUCT_NOT_FOUND } as const

const patchApiKey = adminEndpoint({
  method: 'PATCH',
  path: '/api-keys/:id',
  summary: 'Change an API key',
  role: 'owner',
  body: () => ({ name: optional(NAME), ...SCOPE_FIELDS }),
  problems: PROBLEMS,
  handle: (call) =>
    perform(call, change, {
      id: call.path.id,
      ifMatch: call.ifMatch,
      name: call.body.name ?? null,
      capabilities: call.body.capabilities ? JSON.stringify(call.body.capabilities) : null,
      hasNetworks: call.body.allowed_networks === undefined ? 0 : 1,
      hasProducts: call.body.product_ids === undefined ? 0 : 1,
      hasExpiry: call.body.expires_at === undefined ? 0 : 1,
      ...scopeValues(call.body),
    }),
  answer: ({ apiKey }) => ({ body: apiKeyBody(apiKey), headers: etagOf(apiKey.updatedAt) }),
})

const revoke = changeOperation('api-keys.revoke', `status = 'inactive'`)

const revokeApiKey = adminEndpoint({
  method: 'POST',
  path: '/api-keys/:id/revoke',
  summary: 'Revoke an API key',
  role: 'owner',
  problems: PROBLEMS,
  handle: (call) => perform(call, revoke, { id: call.path.id, ifMatch: call.ifMatch }),
  answer: ({ apiKey }) => ({ body: apiKeyBody(apiKey), headers: etagOf(apiKey.updatedAt) }),
})

export const API_KEY_ENDPOINTS = [listApiKeys, createApiKey, showApiKey, patchApiKey, revokeApiKey]
