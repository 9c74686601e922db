/**
 * A first solution with the same libraries: it looks up the API key, then the product, inserts rows with Drizzle in
 * chunks that fit D1's 100 parameters, and serializes the response each time it needs it.
 */
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { Hono } from 'hono'
import * as z from 'zod'
import { hashApiKey } from '../../src/callers/api-keys.ts'
import { apiKeys, licenseKeys, products } from '../../src/db/schema/index.ts'
import { type BenchBindings, sign } from './signing.ts'

/** Each row has ten parameters. Three more columns are null in the statement. */
const ROWS_A_STATEMENT = 10

const parameters = z.object({
  api_key: z.string().min(1),
  product_id: z.coerce.number().int().positive(),
  owner_name: z.string().trim().min(1).max(255),
  owner_email: z.email().max(254),
  quantity: z.coerce.number().int().min(1).max(10_000),
  validity: z.coerce.number().int().min(0),
  activation_limit: z.coerce.number().int().min(0),
})

const app = new Hono<{ Bindings: BenchBindings }>()

app.post('/api/v1/random-assign-license-keys', async (context) => {
  const form = parameters.parse(await context.req.parseBody())
  const db = drizzle(context.env.DB)

  const keyHash = await hashApiKey(form.api_key)
  const [apiKey] = await db.select().from(apiKeys).where(eq(apiKeys.keyHash, keyHash))
  if (apiKey?.status !== 'active') return context.json({ code: 100 }, 401)
  const [product] = await db.select().from(products).where(eq(products.id, form.product_id))
  if (product?.status !== 'active') return context.json({ code: 805 })

  const now = new Date()
  const rows = Array.from({ length: form.quantity }, () => ({
    productId: product.id,
    licenseKey: crypto.randomUUID() as string,
    status: 'assigned' as const,
    activationLimit: form.activation_limit,
    validityDays: form.validity,
    ownerName: form.owner_name,
    ownerEmail: form.owner_email,
    assignedAt: now.getTime(),
    createdAt: now.getTime(),
    updatedAt: now.getTime(),
  }))
  const chunks = Array.from({ length: Math.ceil(rows.length / ROWS_A_STATEMENT) }, (_, index) =>
    rows.slice(index * ROWS_A_STATEMENT, (index + 1) * ROWS_A_STATEMENT),
  )
  const [first, ...others] = chunks.map((chunk) => db.insert(licenseKeys).values(chunk).returning())
  if (!first) return context.json({ code: 804 }, 422)
  const inserted = (await db.batch([first, ...others])).flat()

  const response = {
    code: 803,
    message: 'License keys assigned',
    license_keys: inserted.map((row) => ({
      product_id: row.productId,
      license_key: row.licenseKey,
      activation_limit: row.activationLimit,
      validity: row.validityDays,
      status: row.status,
      owner_name: row.ownerName,
      owner_email: row.ownerEmail,
      assigned_at: now.toISOString().replace('Z', '000Z'),
      contract_id: row.contractId,
      updated_at: `${now.toISOString().slice(0, 19)}.000000Z`,
      created_at: `${now.toISOString().slice(0, 19)}.000000Z`,
      id: row.id,
      meta_data: [],
    })),
    timestamp: Math.floor(now.getTime() / 1000),
  }
  const signature = await sign(context.env.SIGNING_PRIVATE_KEY, base64(JSON.stringify(response)))
  return context.json({
    response,
    response_base64: base64(JSON.stringify(response)),
    private_key_used: 'global',
    signature: btoa(String.fromCharCode(...new Uint8Array(signature))),
  })
})

function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''))
}

export default app
