/** A valid request to each admin endpoint, for the tests that run over all of them. */
import { env } from 'cloudflare:workers'
import { asOperator } from './admin.ts'
import { addDelivery } from './delivery.ts'
import { addKey } from './key-life.ts'
import { addFailedEvent } from './sales.ts'
import type { Shop } from './shop.ts'

export interface AdminRequest {
  /** The values of the path's names. */
  readonly path?: Readonly<Record<string, string | number>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: Readonly<Record<string, unknown>>
  /** Settings that the request needs. */
  readonly bindings?: object
}

/** By `<method> <path>`. Each call makes what the request needs. */
export const ADMIN_REQUESTS: Readonly<Record<string, (shop: Shop) => AdminRequest | Promise<AdminRequest>>> =
  {
    'GET /me': () => ({}),
    'GET /status': () => ({}),
    'GET /statistics': () => ({ query: { from: '2026-11-01', to: '2026-11-28' } }),
    'GET /licenses': () => ({ query: { q: 'ada', status: 'assigned' } }),
    'GET /products': () => ({ query: { limit: '2' } }),
    'GET /products/:id': ({ productId }) => ({ path: { id: productId } }),
    'POST /products': () => ({ body: { name: 'Photo editor', trial_days: 14 } }),
    'PATCH /products/:id': ({ productId }) => ({ path: { id: productId }, body: { name: 'Photo editor 2' } }),
    'DELETE /products/:id': ({ productId }) => ({ path: { id: productId } }),
    'GET /generators': ({ productId }) => ({ query: { product_id: String(productId) } }),
    'GET /generators/:id': async ({ productId }) => ({ path: { id: await generatorId(productId) } }),
    'POST /generators': ({ productId }) => ({
      body: { product_id: productId, method: 'uuid', activation_limit: 3, validity_days: 365 },
    }),
    'PATCH /generators/:id': async ({ productId }) => ({
      path: { id: await generatorId(productId) },
      body: { status: 'inactive' },
    }),
    'GET /offers': () => ({ query: { provider: 'stripe' } }),
    'GET /offers/:id': async ({ productId }) => ({ path: { id: await offerId(productId) } }),
    'POST /offers': ({ productId }) => ({ body: newOffer(productId) }),
    'DELETE /offers/:id': async ({ productId }) => ({ path: { id: await offerId(productId) } }),
    'GET /stock': ({ productId }) => ({ query: { product_id: String(productId) } }),
    'POST /stock': ({ productId }) => ({
      body: {
        product_id: productId,
        license_keys: [crypto.randomUUID()],
        activation_limit: 3,
        validity_days: 0,
      },
    }),
    'GET /contracts': ({ productId }) => ({ query: { product_id: String(productId) } }),
    'GET /contracts/:id': async ({ productId }) => ({ path: { id: await contractId(productId) } }),
    'POST /contracts': ({ productId }) => ({ body: newContract(productId) }),
    'PATCH /contracts/:id': async ({ productId }) => ({
      path: { id: await contractId(productId) },
      body: { status: 'inactive' },
    }),
    'DELETE /contracts/:id': async ({ productId }) => ({ path: { id: await contractId(productId) } }),
    'GET /blocklist': () => ({ query: { kind: 'network' } }),
    'POST /blocklist': () => ({ body: { kind: 'identifier', value: crypto.randomUUID() } }),
    'DELETE /blocklist/:id': async () => ({
      path: { id: await addedBy('/blocklist', { kind: 'identifier', value: crypto.randomUUID() }) },
    }),
    'POST /imports': ({ productId }) => ({ body: importBody(productId) }),
    'GET /imports/:import': async ({ productId }) => {
      const body = importBody(productId)
      await (await asOperator('owner')).post('/imports', body)
      return { path: { import: body.import_id } }
    },
    'POST /licenses': ({ productId }) => ({
      body: { product_id: productId, owner_name: 'Ada', owner_email: null },
    }),
    'GET /licenses/:id': async (shop) => ({ path: { id: (await addKey(shop)).id } }),
    'GET /licenses/:id/timeline': async (shop) => ({ path: { id: (await addKey(shop)).id } }),
    'GET /exports/licenses': async (shop) => ({ query: { product_id: String(shop.productId) } }),
    'PATCH /licenses/:id': async (shop) => ({
      path: { id: (await addKey(shop)).id },
      body: { activation_limit: 7 },
    }),
    'POST /licenses/:id/block': async (shop) => ({
      path: { id: (await addKey(shop)).id },
      body: { reason: 'stolen' },
    }),
    'POST /licenses/:id/unblock': async (shop) => ({
      path: { id: (await addKey(shop, { status: 'blocked' })).id },
      body: { reason: 'found' },
    }),
    'POST /licenses/:id/reissue': async (shop) => ({
      path: { id: (await addKey(shop)).id },
      body: { reason: 'lost' },
    }),
    'DELETE /licenses/:id/devices/:device_id': async (shop) => ({ path: await activatedDevice(shop) }),
    'POST /licenses/:id/resend': async () => ({
      path: { id: (await addDelivery()).licenseId },
      body: { email: 'ada@corrected.example' },
      bindings: { EMAIL_FROM: 'keys@example.com' },
    }),
    'GET /deliveries': () => ({ query: { status: 'failed', channel: 'email', bounced: 'false' } }),
    'GET /deliveries/:id': async () => ({ path: { id: (await addDelivery()).id } }),
    'POST /deliveries/:id/retry': async () => ({
      path: { id: (await addDelivery({ status: 'failed' })).id },
    }),
    'POST /deliveries/retry': () => ({ body: { status: 'failed' } }),
    'GET /events': () => ({ query: { provider: 'stripe', outcome: 'unmapped' } }),
    'GET /events/:id': async () => ({ path: { id: await addFailedEvent() } }),
    'POST /events/:id/retry': async () => ({ path: { id: await addFailedEvent() } }),
    'POST /events/retry': () => ({ body: { outcome: 'failed' } }),
    'GET /orders': () => ({ query: { provider: 'stripe', order: 'order-1' } }),
    'GET /orders/:provider/:order': async () => ({
      path: { provider: 'stripe', order: (await addDelivery()).orderId },
    }),
    'GET /operators': () => ({}),
    'POST /operators': () => ({ body: { name: 'Grace Hopper', role: 'support' } }),
    'PATCH /operators/:id': async () => ({ path: { id: await operatorId() }, body: { name: 'Grace' } }),
    'POST /operators/:id/rotate': async () => ({ path: { id: await operatorId() } }),
    'GET /api-keys': () => ({}),
    'POST /api-keys': ({ productId }) => ({ body: { name: 'My shop', product_ids: [productId] } }),
    'GET /api-keys/:id': ({ apiKeyId }) => ({ path: { id: apiKeyId } }),
    'PATCH /api-keys/:id': ({ apiKeyId }) => ({ path: { id: apiKeyId }, body: { name: 'My other shop' } }),
    'POST /api-keys/:id/revoke': ({ apiKeyId }) => ({ path: { id: apiKeyId } }),
    'GET /audit': () => ({ query: { action: 'licenses.block', limit: '1000' } }),
    'GET /people': () => ({ query: { email: 'ada@example.com' } }),
    // An address without data, since erasing a person takes more round trips.
    'POST /people/erase': () => ({ body: { email: 'unknown@example.com' } }),
    'POST /operators/:id/revoke': async () => ({ path: { id: await operatorId() } }),
  }

/** Adds a generator. */
async function generatorId(productId: number): Promise<number> {
  return addedBy('/generators', {
    product_id: productId,
    method: 'uuid',
    activation_limit: 3,
    validity_days: 365,
  })
}

function newOffer(productId: number) {
  return {
    provider: 'stripe',
    external_id: crypto.randomUUID(),
    product_id: productId,
    activation_limit: 3,
  }
}

/** Adds an offer. */
async function offerId(productId: number): Promise<number> {
  return addedBy('/offers', newOffer(productId))
}

function newContract(productId: number) {
  return {
    name: 'Reseller',
    information: 'Ten seats',
    product_id: productId,
    license_keys_quantity: 10,
  }
}

/** Adds a contract. */
async function contractId(productId: number): Promise<number> {
  return addedBy('/contracts', newContract(productId))
}

/** @returns the id of what an owner adds */
async function addedBy(path: string, body: object): Promise<number> {
  return (await (await asOperator('owner')).post(path, body)).body.id
}

async function operatorId(): Promise<number> {
  return (await asOperator('viewer')).id
}

function importBody(productId: number) {
  const row = { license_key: crypto.randomUUID(), owner_email: 'ada@example.com' }
  return { import_id: crypto.randomUUID(), chunk: 0, format: 'keyseal', product_id: productId, rows: [row] }
}

async function activatedDevice(shop: Shop): Promise<{ readonly id: number; readonly device_id: number }> {
  const { id } = await addKey(shop, { identifiers: ['laptop'] })
  const device = await env.DB.prepare('select id from activations where license_key_id = ?')
    .bind(id)
    .first<{ id: number }>()
  return { id, device_id: device?.id ?? 0 }
}
