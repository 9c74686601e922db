/**
 * The least a Worker can do for the same answer: one statement, one signature, the same envelope. It asks nobody
 * who they are, looks up no product, remembers nothing and believes whatever it is sent.
 */
import { withMilliseconds, withoutMilliseconds } from '../../src/licensing/dates.ts'
import { atDistance, type BenchBindings } from './at-distance.ts'
import { sign } from './signing.ts'

const INSERT = `insert into license_keys
  (product_id, license_key, status, activation_limit, validity_days, owner_name, owner_email, assigned_at, created_at, updated_at)
  select ?1, value, 'assigned', ?2, ?3, ?4, ?5, ?6, ?6, ?6 from json_each(?7) returning id, license_key`

export default {
  async fetch(request: Request, env: BenchBindings): Promise<Response> {
    const form = new URLSearchParams(await request.text())
    const [productId, quantity, validity, activationLimit] = [
      'product_id',
      'quantity',
      'validity',
      'activation_limit',
    ].map((name) => Number(form.get(name)))
    const [ownerName, ownerEmail] = [form.get('owner_name'), form.get('owner_email')]
    const now = Date.now()
    const licenseKeys = Array.from({ length: quantity ?? 0 }, () => crypto.randomUUID())
    const { results } = await atDistance(env.DB, env.D1_DELAY_MS)
      .prepare(INSERT)
      .bind(productId, activationLimit, validity, ownerName, ownerEmail, now, JSON.stringify(licenseKeys))
      .all<{ id: number; license_key: string }>()

    const [assignedAt, changedAt] = [withMilliseconds(now), withoutMilliseconds(now)]
    const response = JSON.stringify({
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
