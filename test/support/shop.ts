/** Shops: each has its own product and API key, so that tests do not share rows. */
import { env } from 'cloudflare:workers'
import { hashApiKey } from '../../src/callers/api-keys.ts'
import { CAPABILITIES } from '../../src/callers/caller.ts'

export interface Shop {
  readonly productId: number
  readonly apiKey: string
  readonly apiKeyId: number
}

interface ShopOptions {
  readonly db?: D1Database
  readonly productId?: number
  readonly productStatus?: 'active' | 'inactive'
  readonly apiKeyStatus?: 'active' | 'inactive'
  readonly capabilities?: readonly string[]
  readonly allowedIps?: readonly string[]
  /** The products on which the API key may act. Default: all. */
  readonly productIds?: readonly number[]
  /** When the API key expires, in milliseconds UTC. Default: never. */
  readonly expiresAt?: number
}

export async function openShop(options: ShopOptions = {}): Promise<Shop> {
  const {
    db = env.DB,
    productStatus = 'active',
    apiKeyStatus = 'active',
    capabilities = CAPABILITIES,
  } = options
  const apiKey = crypto.randomUUID()
  const product = await db
    .prepare(
      `insert into products (id, name, status, created_at, updated_at) values (?, 'App', ?, 0, 0) returning id`,
    )
    .bind(options.productId ?? null, productStatus)
    .first<{ id: number }>()
  const key = await db
    .prepare(
      `insert into api_keys (name, key_hash, key_start, status, capabilities, allowed_ips, product_ids, expires_at, created_at)
       values ('Shop', ?, '', ?, ?, ?, ?, ?, 0) returning id`,
    )
    .bind(
      await hashApiKey(apiKey),
      apiKeyStatus,
      JSON.stringify(capabilities),
      options.allowedIps ? JSON.stringify(options.allowedIps) : null,
      options.productIds ? JSON.stringify(options.productIds) : null,
      options.expiresAt ?? null,
    )
    .first<{ id: number }>()
  if (!product || !key) throw new Error('The shop was not created.')
  return { productId: product.id, apiKey, apiKeyId: key.id }
}

/** The fields of a valid order. */
export function orderFields({ apiKey, productId }: Shop, changes: Record<string, unknown> = {}) {
  return {
    api_key: apiKey,
    product_id: String(productId),
    owner_name: 'Ada Lovelace',
    owner_email: 'ada@example.com',
    quantity: '2',
    validity: '365',
    activation_limit: '3',
    ...changes,
  }
}

/** Counts the rows of the tables that issuing writes. */
export async function countRows(
  db: D1Database = env.DB,
): Promise<{ issuances: number; licenseKeys: number }> {
  const row = await db
    .prepare(
      `select (select count(*) from issuances) as issuances, (select count(*) from license_keys) as licenseKeys`,
    )
    .first<{ issuances: number; licenseKeys: number }>()
  if (!row) throw new Error('Expected exactly one result row.')
  return row
}
