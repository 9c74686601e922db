/**
 * For every endpoint that requires a key: the permission it needs, a valid request, and the code of its response.
 * Written by hand, so that tests can compare it with the declarations of the endpoints. A new endpoint adds one entry.
 */
import type { Capability } from '../../src/callers/caller.ts'
import { addKey, addProduct, addProductMetadata, newKeysFields } from './administration.ts'
import { addContract, contractFields, DESTROY, DESTROY_ALL, GENERATE, GET_INFO } from './contracts.ts'
import { activatedKeyFields, assignedKeyFields, executeSql, metadataFields } from './key-life.ts'
import { queuedOrderFields } from './queued-order.ts'
import { orderFields, type Shop } from './shop.ts'
import { addGenerator, availableKeyFields } from './stock.ts'

type Fields = Record<string, string>

interface ValidRequest {
  /** The only capability that the API key must have. */
  readonly needs: Capability
  readonly code: number | '400'
  /** All fields except `api_key`. Each call creates the rows that they refer to. */
  readonly fields: (shop: Shop) => Promise<Fields> | Fields
}

/** Endpoints that require an API key, by path. */
export const VALID_REQUESTS: Record<string, ValidRequest> = {
  '/api/v1/verify': { needs: 'use', code: 200, fields: activatedKeyFields },
  '/api/v1/activate': { needs: 'use', code: 300, fields: assignedKeyFields },
  '/api/v1/deactivate': { needs: 'use', code: '400', fields: activatedKeyFields },
  '/api/v1/get-license-key-details': { needs: 'use', code: 500, fields: activatedKeyFields },
  '/api/v1/check-out': {
    needs: 'use',
    code: 2210,
    fields: async (shop) => ({ ...(await assignedKeyFields(shop)), activate: '1' }),
  },
  '/api/v1/start-trial': {
    needs: 'use',
    code: 2211,
    fields: async ({ productId }) => {
      await executeSql('update products set trial_days = 14 where id = ?', productId)
      return { product_id: String(productId), identifier: crypto.randomUUID() }
    },
  },
  '/api/v1/assign-license-key': {
    needs: 'assign',
    code: 800,
    fields: async (shop) => ({
      ...(await availableKeyFields(shop)),
      owner_name: 'Ada Lovelace',
      email: 'ada@example.com',
    }),
  },
  '/api/v1/assign-and-activate-license-key': {
    needs: 'assign',
    code: 300,
    fields: async (shop) => ({
      ...(await availableKeyFields(shop)),
      identifier: 'example.com',
      owner_name: 'Ada Lovelace',
      owner_email: 'ada@example.com',
    }),
  },
  '/api/v1/random-assign-license-keys': { needs: 'assign', code: 803, fields: (shop) => orderFields(shop) },
  '/api/v1/random-assign-license-keys-queued': {
    needs: 'assign',
    code: 807,
    fields: (shop) => queuedOrderFields(shop),
  },
  '/api/v1/get-all-generators': { needs: 'stock', code: 820, fields: () => ({}) },
  '/api/v1/generate': {
    needs: 'stock',
    code: 815,
    fields: async ({ productId }) => ({
      generator_id: String(await addGenerator(productId)),
      quantity: '2',
    }),
  },
  '/api/v1/create-license-keys': {
    needs: 'stock',
    code: 900,
    fields: (shop) => ({ ...newKeysFields(shop), features: 'pro,cloud' }),
  },
  '/api/v1/update-license-key': {
    needs: 'stock',
    code: 950,
    fields: async (shop) => ({
      license_key: await addKey(shop),
      owner_name: 'Grace Hopper',
      owner_email: 'grace@example.com',
      validity: '30',
      status: 'assigned',
      assigned_at: '2026-11-24 07:30:00',
      features: '["pro","cloud"]',
    }),
  },
  '/api/v1/delete-license-key': {
    needs: 'stock',
    code: 850,
    fields: async (shop) => ({ license_key: await addKey(shop) }),
  },
  '/api/v1/get-license-keys': {
    needs: 'stock',
    code: 730,
    fields: ({ productId }) => ({
      product_id: String(productId),
      status: 'assigned',
      owner_name: 'Ada Lovelace',
      owner_email: 'ada@example.com',
      page: '1',
      items_per_page: '10',
    }),
  },
  '/api/v1/get-available-license-keys-count': {
    needs: 'stock',
    code: 741,
    fields: ({ productId }) => ({ product_id: String(productId) }),
  },
  '/api/v1/create-license-key-meta': {
    needs: 'stock',
    code: 453,
    fields: async (shop) => ({ ...(await metadataFields(shop)), key: 'seats', value: '5' }),
  },
  '/api/v1/update-license-key-meta': {
    needs: 'stock',
    code: 353,
    fields: async (shop) => ({ ...(await metadataFields(shop)), value: 'pro' }),
  },
  '/api/v1/delete-license-key-meta': { needs: 'stock', code: 252, fields: metadataFields },
  '/api/v1/create-product': {
    needs: 'products',
    code: 750,
    fields: () => ({
      source: 'internal',
      name: 'App',
      description: 'An app.',
      require_non_expired: '0',
      external_reference: '7',
      status: 'active',
      features: 'pro,cloud',
    }),
  },
  '/api/v1/update-product': {
    needs: 'products',
    code: 650,
    fields: ({ productId }) => ({
      product_id: String(productId),
      name: 'New app',
      status: 'active',
      features: '[]',
    }),
  },
  '/api/v1/delete-product': {
    needs: 'products',
    code: 550,
    fields: async () => ({ product_id: String(await addProduct()) }),
  },
  '/api/v1/get-all-products': { needs: 'products', code: 810, fields: () => ({}) },
  '/api/v1/create-product-meta': {
    needs: 'products',
    code: 273,
    fields: ({ productId }) => ({
      product_id: String(productId),
      key: `key-${crypto.randomUUID()}`,
      value: 'pro',
    }),
  },
  '/api/v1/update-product-meta': {
    needs: 'products',
    code: 373,
    fields: async (shop) => ({ ...(await addProductMetadata(shop)), value: 'pro' }),
  },
  '/api/v1/delete-product-meta': { needs: 'products', code: 482, fields: addProductMetadata },
  '/api/v1/create-contract': { needs: 'contracts', code: 841, fields: (shop) => contractFields(shop) },
  '/api/v1/update-contract': {
    needs: 'contracts',
    code: 841,
    fields: async (shop) => ({
      contract_id: String((await addContract(shop)).id),
      ...contractFields(shop),
    }),
  },
  '/api/v1/delete-contract': {
    needs: 'contracts',
    code: 843,
    fields: async (shop) => ({ contract_id: String((await addContract(shop)).id) }),
  },
  '/api/v1/get-all-contracts': { needs: 'contracts', code: 846, fields: () => ({}) },
}

/** All fields of a valid request. */
export async function validFields(path: string, shop: Shop): Promise<Fields> {
  const request = VALID_REQUESTS[path]
  if (!request) throw new Error(`Add a valid request for ${path} to VALID_REQUESTS.`)
  return { api_key: shop.apiKey, ...(await request.fields(shop)) }
}

interface ValidContractRequest {
  /** The column of `contracts` that must permit the request. */
  readonly needs: string
  readonly code: number
  /** All fields except `contract_key`. The contract has one license key, C-1. */
  readonly fields: Fields
}

/** Endpoints that require a contract key, by path. */
export const VALID_CONTRACT_REQUESTS: Record<string, ValidContractRequest> = {
  [GET_INFO]: { needs: 'can_get_info', code: 1204, fields: {} },
  [GENERATE]: { needs: 'can_generate', code: 1300, fields: { quantity: '1' } },
  [DESTROY]: { needs: 'can_destroy', code: 1400, fields: { license_key: 'C-1' } },
  [DESTROY_ALL]: { needs: 'can_destroy_all', code: 1500, fields: {} },
}
