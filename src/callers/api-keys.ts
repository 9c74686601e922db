/**
 * API keys: which capabilities a key has, from which addresses and until when it may be used, and on which products it
 * may act.
 *
 * A key is 256 random bits. The database stores only its SHA-256 and looks it up by that hash, so lookup
 * timing reveals nothing about a key, and a stolen database contains no keys.
 */
import * as z from 'zod/mini'
import { sha256HexOfText } from '../platform/hash.ts'
import { isGiven } from '../protocol/fields.ts'
import { type Authority, authority } from './authority.ts'
import { bearerToken } from './bearer-token.ts'
import type { Caller, Capability } from './caller.ts'
import { useRecorder } from './last-use.ts'
import { defineQuery, runQuery } from './query.ts'

const FIELDS = z.object({ api_key: z.nullish(z.string({ error: 'The api_key field must be text.' })) })

/** Requires an API key with this capability. */
export function apiKey(capability: Capability): Caller {
  return {
    access: capability,
    credential: {
      fields: FIELDS,
      logName: 'apiKeyId',
      isGiven: (headers, values) => apiKeyFrom(headers, values.api_key) !== undefined,
      values: async (headers, { api_key }) => ({
        apiKeyHash: await hashApiKey(apiKeyFrom(headers, api_key) ?? ''),
        capability: JSON.stringify(capability),
      }),
      ask: (call) => runQuery(call, MAY_CALL),
      recordUse: useRecorder('api_keys'),
      // Every copy of the software contains the key for "use", so its requests are limited by address only.
      ...(capability !== 'use' && { limitKey: ({ apiKeyHash }) => `api-key:${apiKeyHash}` }),
    },
  }
}

/**
 * The key in the header `Authorization` (RFC 6750 section 2.1), in the header `X-API-Key`, or in the parameters. White
 * space around it is ignored, since people copy keys from pages and files.
 *
 * @returns undefined if there is no key, or if two of them differ
 */
function apiKeyFrom(headers: Headers, parameter: unknown): string | undefined {
  const keys = [bearerToken(headers), headers.get('X-API-Key')?.trim(), textOf(parameter)].filter(isGiven)
  return keys.every((key) => key === keys[0]) ? keys[0] : undefined
}

function textOf(parameter: unknown): string | undefined {
  if (!isGiven(parameter)) return undefined
  // Not String(): it throws for an object such as {"toString": 0}.
  return typeof parameter === 'object' ? JSON.stringify(parameter) : String(parameter).trim()
}

/** @returns the API key as the table `api_keys` stores it */
export function hashApiKey(apiKey: string): Promise<string> {
  return sha256HexOfText(apiKey)
}

/** The column contains a JSON array of plain words, so each member appears between quotation marks. */
const HAS_CAPABILITY = `(instr(api_keys.capabilities, :capability) > 0)`

const IS_ADDRESS_ALLOWED = `(api_keys.allowed_ips is null or exists (select 1
  from json_each(api_keys.allowed_ips) where instr(:callerNetworks, '"' || value || '"') > 0))`

interface Subject {
  /** SQL that selects the ids of the products that the request is about. It may select none. */
  readonly products?: string
  /** SQL that selects the row of `license_keys` that the request is about. */
  readonly licenseKey?: string
}

/**
 * Accepts an API key that is active, has the capability, is used from an allowed address, and may act on the subject. A
 * key for certain products is refused if the subject belongs to another one, and accepted if there is no such subject.
 */
export function apiKeyAuthority({ products, licenseKey }: Subject): Authority {
  return authorityUnless([
    ...(licenseKey === undefined
      ? []
      : [
          refuseOthers(
            `select license_keys.product_id from license_keys where ${licenseKey}`,
            'license-key-of-others',
          ),
        ]),
    ...(products === undefined ? [] : [refuseOthers(products, 'product-of-others')]),
  ])
}

/** `reason`: why an API key for certain products is refused if any of the products is another one. */
function refuseOthers(products: string, reason: string): readonly [string, string] {
  const others = `${products} except select value from json_each(api_keys.product_ids)`
  return [`(api_keys.product_ids is not null and exists (${others}))`, reason]
}

function authorityUnless(scope: readonly (readonly [condition: string, reason: string])[]): Authority {
  return authority(
    { table: 'api_keys', isCaller: 'api_keys.key_hash = :apiKeyHash', source: `'api:' || api_keys.id` },
    'api-key-unknown',
    [
      [`(api_keys.status <> 'active')`, 'api-key-inactive'],
      [`(api_keys.expires_at is not null and api_keys.expires_at <= :now)`, 'api-key-inactive'],
      [`(not ${HAS_CAPABILITY})`, 'capability-missing'],
      [`(not ${IS_ADDRESS_ALLOWED})`, 'address-not-allowed'],
      ...scope,
    ],
  )
}

/** For what concerns all products. Refuses an API key for certain products. */
export const API_KEY_AUTHORITY = authorityUnless([
  [`(api_keys.product_ids is not null)`, 'product-of-others'],
])

/** For what concerns the product `:productId`. */
export const PRODUCT_AUTHORITY = apiKeyAuthority({ products: 'select :productId' })

/** For lists, which contain only what `isListed` selects. */
export const LIST_AUTHORITY = authorityUnless([])

const PRODUCT_IDS = '(select product_ids from api_keys where key_hash = :apiKeyHash)'

/** An SQL condition: the API key may act on the product. It is for lists, where the row of the key is not at hand. */
export function isListed(productId: string): string {
  return `(${PRODUCT_IDS} is null or ${productId} in (select value from json_each(${PRODUCT_IDS})))`
}

const MAY_CALL = defineQuery<null>(LIST_AUTHORITY, `'null'`)
