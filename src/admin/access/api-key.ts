/** An API key in SQL, in requests and in answers of the admin API. */
import { optional, plainText } from '../../protocol/fields.ts'
import { instant, isoInstant, orNull } from '../fields.ts'
import { allowedNetworks, capabilities, productIds } from './api-key-fields.ts'

export interface ApiKey {
  readonly id: number
  readonly name: string
  readonly keyStart: string
  readonly status: string
  readonly capabilities: readonly string[]
  /** null: any. */
  readonly allowedNetworks: readonly string[] | null
  /** null: all. */
  readonly productIds: readonly number[] | null
  readonly expiresAt: number | null
  readonly lastUsedAt: number | null
  readonly createdAt: number
  readonly updatedAt: number
}

export const API_KEY = `json_object('id', api_keys.id, 'name', api_keys.name, 'keyStart', api_keys.key_start,
  'status', api_keys.status, 'capabilities', json(api_keys.capabilities), 'allowedNetworks', json(api_keys.allowed_ips),
  'productIds', json(api_keys.product_ids), 'expiresAt', api_keys.expires_at, 'lastUsedAt', api_keys.last_used_at,
  'createdAt', api_keys.created_at, 'updatedAt', api_keys.updated_at)`

/** What the audit states of an API key. */
export const STATE = `json_object('name', api_keys.name, 'status', api_keys.status, 'capabilities', json(api_keys.capabilities),
  'allowed_networks', json(api_keys.allowed_ips), 'product_ids', json(api_keys.product_ids),
  'expires_at', api_keys.expires_at)`

/** SQL: the API key as JSON, or null. */
export function apiKeyWhere(condition: string, json: string = API_KEY): string {
  return `(select json(${json}) from api_keys where ${condition})`
}

export function apiKeyBody(apiKey: ApiKey) {
  return {
    id: apiKey.id,
    name: apiKey.name,
    key_start: apiKey.keyStart,
    status: apiKey.status,
    capabilities: apiKey.capabilities,
    allowed_networks: apiKey.allowedNetworks,
    product_ids: apiKey.productIds,
    expires_at: isoInstant(apiKey.expiresAt),
    last_used_at: isoInstant(apiKey.lastUsedAt),
    created_at: isoInstant(apiKey.createdAt),
    updated_at: isoInstant(apiKey.updatedAt),
  }
}

export const NAME = plainText('name', 255)

/** What an API key may do. Omitted or null: without this limit. */
export const SCOPE_FIELDS = {
  capabilities: optional(capabilities),
  allowed_networks: orNull(allowedNetworks),
  product_ids: orNull(productIds),
  expires_at: orNull(instant('expires_at')),
}

/** SQL: `kind`, unless one of the products does not exist. Placeholder: `productIds`, a JSON array or null. */
export function unlessProductMissing(kind: string): string {
  return `iif(exists (select 1 from json_each(:productIds) as wanted where not exists (select 1 from products
    where products.id = wanted.value and products.deleted_at is null)), 'product-not-found', ${kind})`
}

export const PRODUCT_NOT_FOUND = {
  code: 'invalid-request',
  describe: () => ({
    errors: { product_ids: ['The product_ids field names a product that does not exist or was deleted.'] },
  }),
} as const

interface Scope {
  readonly allowed_networks?: readonly string[] | null | undefined
  readonly product_ids?: readonly number[] | null | undefined
  readonly expires_at?: number | null | undefined
}

/** The values of the placeholders; null: no limit, or not sent. */
export function scopeValues({ allowed_networks, product_ids, expires_at }: Scope) {
  return {
    allowedNetworks: allowed_networks ? JSON.stringify(allowed_networks) : null,
    productIds: product_ids ? JSON.stringify(product_ids) : null,
    expiresAt: expires_at ?? null,
  }
}
