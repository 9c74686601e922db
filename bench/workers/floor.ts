/**
 * The least a Worker can do for the same responses: one round trip to the database, one signature, the same envelope. It
 * authenticates no caller, looks up no product, stores no idempotency key and checks no input except the signature of a
 * webhook.
 */
import { checkOut } from './floor-file.ts'
import { type BenchBindings, sign } from './signing.ts'

export default {
  async fetch(request: Request, env: BenchBindings): Promise<Response> {
    const now = Date.now()
    const response = JSON.stringify({
      ...(await answer(request, env, now)),
      timestamp: Math.floor(now / 1000),
    })
    const base64 = new TextEncoder().encode(response).toBase64()
    const signature = new Uint8Array(await sign(env.SIGNING_PRIVATE_KEY, base64)).toBase64()
    return new Response(
      `{"response":${response},"response_base64":"${base64}","private_key_used":"global","signature":"${signature}"}`,
      { headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' } },
    )
  },
}

async function answer(request: Request, env: BenchBindings, now: number): Promise<object> {
  if (request.url.endsWith('/webhooks/standard')) return takeWebhook(request, env, now)
  const form = new URLSearchParams(await request.text())
  if (request.url.endsWith('/verify')) return verify(form, env.DB, now)
  if (request.url.endsWith('/activate')) return activate(form, env.DB, now)
  if (request.url.endsWith('/check-out')) return checkOut(form, env, now)
  return order(form, env.DB, now)
}

const INSERT_KEYS = `insert into license_keys
  (product_id, license_key, status, activation_limit, validity_days, owner_name, owner_email, assigned_at, created_at, updated_at)
  select ?1, value, 'assigned', ?2, ?3, ?4, ?5, ?6, ?6, ?6 from json_each(?7) returning id, license_key`

async function order(form: URLSearchParams, db: D1Database, now: number): Promise<object> {
  const [productId, quantity, validity, activationLimit] = [
    'product_id',
    'quantity',
    'validity',
    'activation_limit',
  ].map((name) => Number(form.get(name)))
  const [ownerName, ownerEmail] = [form.get('owner_name'), form.get('owner_email')]
  const licenseKeys = Array.from({ length: quantity ?? 0 }, () => crypto.randomUUID())
  const { results } = await db
    .prepare(INSERT_KEYS)
    .bind(productId, activationLimit, validity, ownerName, ownerEmail, now, JSON.stringify(licenseKeys))
    .all<{ id: number; license_key: string }>()

  const instant = new Date(now).toISOString()
  const [assignedAt, changedAt] = [`${instant.slice(0, -1)}000Z`, `${instant.slice(0, -5)}.000000Z`]
  return {
    code: 803,
    message: 'License keys assigned',
    license_keys: results.map(({ id, license_key }) => ({
      product_id: productId,
      license_key,
      activation_limit: activationLimit,
      validity,
      status: 'assigned',
      owner_name: ownerName,
      owner_email: ownerEmail,
      assigned_at: assignedAt,
      contract_id: null,
      updated_at: changedAt,
      created_at: changedAt,
      id,
      meta_data: [],
    })),
  }
}

/** SQL condition: the license key is assigned and has not expired. */
const IS_USABLE = `license_keys.license_key = ?1 and license_keys.status = 'assigned'
  and (license_keys.validity_days = 0 or license_keys.assigned_at + license_keys.validity_days * 86400000 > ?3)`

const SELECT_ACTIVATION = `select activations.id from license_keys cross join activations
  on activations.license_key_id = license_keys.id and activations.identifier = ?2 where ${IS_USABLE}`

async function verify(form: URLSearchParams, db: D1Database, now: number): Promise<object> {
  const statement = db.prepare(SELECT_ACTIVATION)
  const found = await statement.bind(form.get('license_key'), form.get('identifier'), now).first()
  if (!found) throw new Error('The license key is not active on this device.')
  return { code: 200, message: 'Valid license key' }
}

const INSERT_ACTIVATION = `insert into activations (license_key_id, identifier, created_at)
  select license_keys.id, ?2, ?3 from license_keys where ${IS_USABLE} and license_keys.activation_limit >
    (select count(*) from activations where activations.license_key_id = license_keys.id) returning id`

async function activate(form: URLSearchParams, db: D1Database, now: number): Promise<object> {
  const statement = db.prepare(INSERT_ACTIVATION)
  const activated = await statement.bind(form.get('license_key'), form.get('identifier'), now).first()
  if (!activated) throw new Error('The license key cannot be activated.')
  return { code: 300, message: 'License key activated' }
}

interface PaidOrder {
  readonly data: {
    readonly order: string
    readonly owner: { readonly name: string; readonly email: string }
    readonly lines: readonly [{ readonly id: string; readonly product: string }]
  }
}

const INSERT_ISSUANCE = `insert into issuances (source, idempotency_key, nonce, product_id, quantity,
    owner_name, owner_email, validity_days, activation_limit, created_at)
  select 'standard', ?1, '', product_id, 1, ?2, ?3, validity_days, activation_limit, ?4
  from offers where provider = 'standard' and external_id = ?5 and removed_at is null`

const INSERT_SOLD_KEY = `insert into license_keys (product_id, license_key, status, activation_limit, validity_days,
    owner_name, owner_email, assigned_at, issuance_id, created_at, updated_at)
  select product_id, ?1, 'assigned', activation_limit, validity_days,
    owner_name, owner_email, created_at, id, created_at, created_at from issuances where id = last_insert_rowid()`

async function takeWebhook(request: Request, env: BenchBindings, now: number): Promise<object> {
  const body = await request.text()
  if (!(await isSigned(request.headers, body, env))) throw new Error('The webhook signature is invalid.')
  const { order: name, owner, lines } = (JSON.parse(body) as PaidOrder).data
  const [line] = lines
  await env.DB.batch([
    env.DB.prepare(INSERT_ISSUANCE).bind(`${name}:${line.id}`, owner.name, owner.email, now, line.product),
    env.DB.prepare(INSERT_SOLD_KEY).bind(crypto.randomUUID()),
  ])
  return { code: 2200, message: 'Webhook received', outcome: 'issued' }
}

const HMAC = { name: 'HMAC', hash: 'SHA-256' }

let imported: Promise<CryptoKey> | undefined

async function isSigned(headers: Headers, body: string, env: BenchBindings): Promise<boolean> {
  const secret = () => Uint8Array.fromBase64(env.STANDARD_WEBHOOK_SECRET.replace('whsec_', ''))
  imported ??= crypto.subtle.importKey('raw', secret(), HMAC, false, ['verify'])
  const signature = Uint8Array.fromBase64(headers.get('webhook-signature')?.replace('v1,', '') ?? '')
  const signed = `${headers.get('webhook-id')}.${headers.get('webhook-timestamp')}.${body}`
  return crypto.subtle.verify(HMAC, await imported, signature, new TextEncoder().encode(signed))
}
