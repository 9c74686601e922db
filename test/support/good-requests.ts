/** A request to each endpoint behind an API key that is right in every respect. */
import { addKey, addProduct, addProductMetadata, newKeysFields } from './administration.ts'
import { addContract, contractFields } from './contracts.ts'
import { activatedKeyFields, assignedKeyFields, metadataFields } from './key-life.ts'
import { queuedOrderFields } from './queued-order.ts'
import { orderFields, type Shop } from './shop.ts'
import { addGenerator, availableKeyFields } from './stock.ts'

/** The fields but for `api_key`; what they are about is made anew at each call. */
export const GOOD_REQUESTS: Record<
  string,
  (shop: Shop) => Promise<Record<string, string>> | Record<string, string>
> = {
  '/api/v1/assign-license-key': async (shop) => ({
    ...(await availableKeyFields(shop)),
    owner_name: 'Ada Lovelace',
    email: 'ada@example.com',
  }),
  '/api/v1/assign-and-activate-license-key': async (shop) => ({
    ...(await availableKeyFields(shop)),
    identifier: 'example.com',
    owner_name: 'Ada Lovelace',
    owner_email: 'ada@example.com',
  }),
  '/api/v1/random-assign-license-keys': (shop) => orderFields(shop),
  '/api/v1/get-all-generators': () => ({}),
  '/api/v1/generate': async ({ productId }) => ({
    generator_id: String(await addGenerator(productId)),
    quantity: '2',
  }),
  '/api/v1/random-assign-license-keys-queued': (shop) => queuedOrderFields(shop),
  '/api/v1/verify': activatedKeyFields,
  '/api/v1/activate': assignedKeyFields,
  '/api/v1/deactivate': activatedKeyFields,
  '/api/v1/get-license-key-details': activatedKeyFields,
  '/api/v1/create-license-key-meta': async (shop) => ({
    ...(await metadataFields(shop)),
    key: 'seats',
    value: '5',
  }),
  '/api/v1/update-license-key-meta': async (shop) => ({ ...(await metadataFields(shop)), value: 'pro' }),
  '/api/v1/delete-license-key-meta': metadataFields,
  '/api/v1/create-license-keys': newKeysFields,
  '/api/v1/update-license-key': async (shop) => ({
    license_key: await addKey(shop),
    owner_name: 'Grace Hopper',
    owner_email: 'grace@example.com',
    validity: '30',
    status: 'assigned',
    assigned_at: '2026-11-24 07:30:00',
  }),
  '/api/v1/delete-license-key': async (shop) => ({ license_key: await addKey(shop) }),
  '/api/v1/get-license-keys': ({ productId }) => ({
    product_id: String(productId),
    status: 'assigned',
    owner_name: 'Ada Lovelace',
    owner_email: 'ada@example.com',
    page: '1',
    items_per_page: '10',
  }),
  '/api/v1/get-available-license-keys-count': ({ productId }) => ({ product_id: String(productId) }),
  '/api/v1/create-product': () => ({
    source: 'internal',
    name: 'App',
    description: 'An app.',
    require_non_expired: '0',
    external_reference: '7',
    status: 'active',
  }),
  '/api/v1/update-product': ({ productId }) => ({
    product_id: String(productId),
    name: 'New app',
    status: 'active',
  }),
  '/api/v1/delete-product': async () => ({ product_id: String(await addProduct()) }),
  '/api/v1/get-all-products': () => ({}),
  '/api/v1/create-product-meta': ({ productId }) => ({
    product_id: String(productId),
    key: `key-${crypto.randomUUID()}`,
    value: 'pro',
  }),
  '/api/v1/update-product-meta': async (shop) => ({ ...(await addProductMetadata(shop)), value: 'pro' }),
  '/api/v1/delete-product-meta': addProductMetadata,
  '/api/v1/create-contract': (shop) => contractFields(shop),
  '/api/v1/update-contract': async (shop) => ({
    contract_id: String((await addContract(shop)).id),
    ...contractFields(shop),
  }),
  '/api/v1/delete-contract': async (shop) => ({ contract_id: String((await addContract(shop)).id) }),
  '/api/v1/get-all-contracts': () => ({}),
}

/** The codes by which they are answered. */
export const GOOD_CODES: readonly unknown[] = [
  800,
  815,
  820,
  803,
  807,
  200,
  300,
  '400',
  500,
  453,
  353,
  252,
  900,
  950,
  850,
  730,
  741,
  750,
  650,
  550,
  810,
  273,
  373,
  482,
  841,
  843,
  846,
]
