import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { type AdminOptions, asOperator, type Operator } from '../../support/admin.ts'
import { post } from '../../support/client.ts'
import { failAfterCommit, failWith, observe, RESET_ERROR } from '../../support/observed-database.ts'
import { openShop, type Shop } from '../../support/shop.ts'
import { SAMPLES } from './samples.ts'

let owner: Operator
let shop: Shop

beforeAll(async () => {
  owner = await asOperator('owner')
  shop = await openShop()
})

const SOLD_AT = '2026-01-01T00:00:00.000Z'

function row(changes: object = {}) {
  return {
    license_key: crypto.randomUUID(),
    status: 'assigned',
    owner_name: 'Ada Lovelace',
    owner_email: 'ada@example.com',
    activation_limit: 3,
    validity_days: 365,
    assigned_at: SOLD_AT,
    ...changes,
  }
}

function chunkOf(rows: readonly object[], changes: object = {}) {
  const { productId } = shop
  return {
    import_id: crypto.randomUUID(),
    chunk: 0,
    format: 'keyseal',
    product_id: productId,
    rows,
    ...changes,
  }
}

async function send(body: object, options?: AdminOptions) {
  const answer = await owner.post('/imports', body, options)
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  return answer.body
}

async function counts(): Promise<unknown> {
  return env.DB.prepare(
    `select (select count(*) from license_keys) as keys, (select count(*) from issuances) as issuances,
       (select count(*) from activations) as activations, (select count(*) from license_key_metadata) as metadata,
       (select count(*) from import_chunks) as chunks, (select count(*) from audit_entries) as entries,
       (select count(*) from operations) as operations`,
  ).first()
}

function stored(licenseKey: string) {
  return env.DB.prepare(
    `select license_keys.*, issuances.source, issuances.idempotency_key, issuances.reference,
       issuances.created_at as issued_at, issuances.owner_name || '/' || issuances.owner_email as issued_to,
       (select json_group_object(key, value) from license_key_metadata where license_key_id = license_keys.id) as metadata,
       (select json_group_array(json_array(identifier, created_at, takes_seat) order by activations.id) from activations
         where license_key_id = license_keys.id) as activations
     from license_keys left join issuances on issuances.id = license_keys.issuance_id where license_key = ?`,
  )
    .bind(licenseKey)
    .first<Record<string, unknown>>()
}

describe('an imported license', () => {
  it('is stored with its owner, terms, devices, metadata and order', async () => {
    const license = row({
      features: ['export'],
      metadata: { plan: 'pro' },
      activations: [{ identifier: 'laptop', created_at: SOLD_AT }, { identifier: 'phone' }],
      reference: 'order-17',
      created_at: '2025-12-31T00:00:00Z',
    })
    const chunk = chunkOf([license])
    const before = Date.now()
    const body = await send(chunk)
    expect(body).toEqual({
      import_id: chunk.import_id,
      chunk: 0,
      dry_run: false,
      counts: { rows: 1, created: 1, duplicate: 0, skipped: 0, refused: 0 },
      warnings: [],
      rows: [{ row: 1, outcome: 'created' }],
    })
    const key = await stored(license.license_key)
    expect(key).toMatchObject({
      product_id: shop.productId,
      status: 'assigned',
      activation_limit: 3,
      validity_days: 365,
      expires_at: null,
      owner_name: 'Ada Lovelace',
      owner_email: 'ada@example.com',
      assigned_at: Date.parse(SOLD_AT),
      created_at: Date.UTC(2025, 11, 31),
      features: '["export"]',
      source: 'import',
      idempotency_key: `${chunk.import_id}/0/1`,
      reference: 'order-17',
      issued_at: Date.parse(SOLD_AT),
      issued_to: 'Ada Lovelace/ada@example.com',
      metadata: '{"plan":"pro"}',
    })
    const devices = JSON.parse(String(key?.activations))
    expect(devices[0]).toEqual(['laptop', Date.parse(SOLD_AT), 1])
    expect(devices[1]).toEqual(['phone', expect.any(Number), 1])
    expect(devices[1][1]).toBeGreaterThanOrEqual(before)
  })

  it('can be verified and found by its owner', async () => {
    const license = row({ owner_email: 'grace@example.com', activations: [{ identifier: 'laptop' }] })
    await send(chunkOf([license]))
    const fields = { api_key: shop.apiKey, license_key: license.license_key, identifier: 'laptop' }
    expect((await post(fields, { path: '/api/v1/verify' })).response.code).toBe(200)
  })

  it('without an owner has no issuance', async () => {
    const license = row({ owner_name: '', owner_email: null })
    await send(chunkOf([license]))
    expect(await stored(license.license_key)).toMatchObject({
      issuance_id: null,
      owner_name: null,
      status: 'assigned',
    })
  })

  it('of an owner with only an e-mail address is found by it', async () => {
    const license = row({ owner_name: undefined })
    await send(chunkOf([license]))
    expect(await stored(license.license_key)).toMatchObject({
      owner_name: null,
      issued_to: 'Not set/ada@example.com',
    })
  })

  it('in stock can be sold', async () => {
    const own = await openShop()
    const license = row({ status: 'available', owner_name: null, owner_email: null, assigned_at: null })
    await send(chunkOf([license], { product_id: own.productId }))
    const order = { api_key: own.apiKey, product_id: own.productId, quantity: 1, generate: 0, validity: 365 }
    const owned = { owner_name: 'Ada', owner_email: 'ada@example.com', activation_limit: 3 }
    const { response } = await post({ ...order, ...owned }, { path: '/api/v1/random-assign-license-keys' })
    expect(response).toMatchObject({ license_keys: [{ license_key: license.license_key }] })
  })

  it('keeps an expiry that is no whole number of days, until its validity is changed', async () => {
    const license = row({ expires_at: '2026-07-01T12:34:56.789Z' })
    await send(chunkOf([license]))
    const expiresAt = Date.parse('2026-07-01T12:34:56.789Z')
    expect(await stored(license.license_key)).toMatchObject({ expires_at: expiresAt, validity_days: 182 })
    const fields = { api_key: shop.apiKey, license_key: license.license_key }
    const path = '/api/v1/update-license-key'
    expect((await post({ ...fields, validity: 182 }, { path })).response.code).toBe(950)
    expect(await stored(license.license_key)).toMatchObject({ expires_at: expiresAt, validity_days: 182 })
    await post({ ...fields, validity: 730 }, { path })
    expect(await stored(license.license_key)).toMatchObject({ expires_at: null, validity_days: 730 })
  })

  it('has domains as devices if its product has', async () => {
    const { productId } = await openShop()
    await env.DB.prepare('update products set domain_devices = 1 where id = ?').bind(productId).run()
    const license = row({
      activations: [
        { identifier: 'https://www.Example.com/' },
        { identifier: 'example.com' },
        { identifier: 'dev.example.com' },
      ],
    })
    await send(chunkOf([license], { product_id: productId }))
    const devices = JSON.parse(String((await stored(license.license_key))?.activations))
    expect(devices.map(([identifier, , takesSeat]: unknown[]) => [identifier, takesSeat])).toEqual([
      ['example.com', 1],
      ['dev.example.com', 0],
    ])
  })
})

describe('rows', () => {
  it('are decided one by one: a wrong row does not stop the others', async () => {
    const [known, fresh, changed] = [row(), row(), row()]
    await send(chunkOf([known, changed]))
    const body = await send(
      chunkOf([
        known,
        { ...changed, status: 'blocked', activation_limit: 4, owner_email: 'eve@example.com' },
        row({ owner_email: 'no address' }),
        fresh,
        { ...fresh, validity_days: 30 },
        fresh,
      ]),
    )
    expect(body.counts).toEqual({ rows: 6, created: 1, duplicate: 4, skipped: 0, refused: 1 })
    expect(body.rows).toEqual([
      { row: 1, outcome: 'duplicate', differs: [] },
      { row: 2, outcome: 'duplicate', differs: ['status', 'owner_email', 'activation_limit'] },
      {
        row: 3,
        outcome: 'refused',
        errors: { owner_email: ['The column owner_email must be an e-mail address.'] },
      },
      { row: 4, outcome: 'created' },
      { row: 5, outcome: 'duplicate', differs: ['expires_at'] },
      { row: 6, outcome: 'duplicate', differs: [] },
    ])
    expect(await stored(changed.license_key)).toMatchObject({
      status: 'assigned',
      owner_email: 'ada@example.com',
    })
  })

  it('find their product by id or name, then the default one', async () => {
    const [byName, byId, other] = [await openShop(), await openShop(), await openShop()]
    const sales = (SAMPLES.gumroad ?? []).slice(0, 3).map((sale, index) => ({
      ...sale,
      'License Key': crypto.randomUUID(),
      'Item Name': index === 0 ? 'Pixel Editor' : 'Other',
      'Product ID': index === 1 ? 'pixel2' : 'unknown',
    }))
    const products = { 'Pixel Editor': byName.productId, pixel2: byId.productId }
    const chunk = chunkOf(sales, { format: 'gumroad', product_id: undefined, products })
    expect((await send({ ...chunk, dry_run: true })).rows[2]).toEqual({
      row: 3,
      outcome: 'refused',
      errors: {
        products: [
          'There is no product for "unknown" or "Other". Add one of these to products, or send product_id.',
        ],
      },
    })
    await send({ ...chunk, product_id: other.productId })
    const found = await Promise.all(
      sales.map(async (sale) => (await stored(sale['License Key']))?.product_id),
    )
    expect(found).toEqual([byName.productId, byId.productId, other.productId])
  })

  it('of a product that does not exist are refused', async () => {
    const { productId } = await openShop()
    await env.DB.prepare(`update products set status = 'inactive', deleted_at = 1 where id = ?`)
      .bind(productId)
      .run()
    for (const product_id of [productId, 2_000_000_000]) {
      const body = await send(chunkOf([row()], { product_id }))
      expect(body.counts).toMatchObject({ created: 0, refused: 1 })
      expect(body.rows).toEqual([
        { row: 1, outcome: 'refused', errors: { product_id: ['The product does not exist.'] } },
      ])
    }
  })

  it('with license keys that are easy to guess are imported with a warning', async () => {
    const body = await send(chunkOf([row({ license_key: `K-${Date.now() % 1_000_000}` }), row()]))
    expect(body.counts.created).toBe(2)
    expect(body.warnings).toEqual([expect.stringMatching(/^1 of 2 license keys have less than/)])
  })

  it('of every sample can be imported, and are duplicates without differences afterwards', async () => {
    for (const [format, rows] of Object.entries(SAMPLES)) {
      const { productId } = await openShop()
      const first = await send(chunkOf(rows, { format, product_id: productId }))
      const second = await send(chunkOf(rows, { format, product_id: productId }))
      expect(first.counts.created, format).toBeGreaterThan(0)
      expect(second.counts, format).toEqual({
        ...first.counts,
        created: 0,
        duplicate: first.counts.created + first.counts.duplicate,
      })
      expect(second.rows.flatMap(({ differs = [] }: { differs?: string[] }) => differs)).toEqual([])
    }
  })
})

describe('a dry run', () => {
  it.each(Object.keys(SAMPLES))(
    'of %s says what the import then does, and writes nothing',
    async (format) => {
      const { productId } = await openShop()
      const keyName = {
        keyseal: 'license_key',
        woocommerce: 'license_key',
        gumroad: 'License Key',
        edd: 'License Key',
      }[format]
      // Other tests import the samples, too.
      const rows = (SAMPLES[format] ?? []).map((sample) => {
        const attributes = sample.attributes as object | undefined
        if (attributes) return { ...sample, attributes: { ...attributes, key: crypto.randomUUID() } }
        return keyName && sample[keyName] ? { ...sample, [keyName]: crypto.randomUUID() } : sample
      })
      const chunk = chunkOf(rows, { format, product_id: productId })
      const before = await counts()
      const dry = await send({ ...chunk, dry_run: true })
      expect(await counts()).toEqual(before)
      expect(dry.counts.created).toBeGreaterThan(0)
      expect(await send(chunk)).toEqual({ ...dry, dry_run: false })
    },
  )
})

describe('a chunk', () => {
  it('that is repeated gets the same answer and writes nothing', async () => {
    const chunk = chunkOf([row(), row({ status: 'sold' })])
    const first = await owner.post('/imports', chunk)
    const before = await counts()
    const again = await owner.post('/imports', chunk)
    expect(again.body).toEqual(first.body)
    expect(again.headers.get('Idempotent-Replayed')).toBe('true')
    expect(await counts()).toEqual(before)
  })

  it('that is sent twice together is written once', async () => {
    const chunk = chunkOf(Array.from({ length: 20 }, () => row({ activations: [{ identifier: 'laptop' }] })))
    const answers = await Promise.all(Array.from({ length: 4 }, () => owner.post('/imports', chunk)))
    expect(answers.map(({ body }) => body.counts.created)).toEqual([20, 20, 20, 20])
    expect(await countOf('issuances', chunk.import_id)).toBe(20)
    expect(await countOf('import_chunks', chunk.import_id)).toBe(1)
  })

  it('with another body is refused', async () => {
    const chunk = chunkOf([row()])
    await send(chunk)
    const before = await counts()
    expect(await owner.post('/imports', { ...chunk, rows: [row()] })).toMatchObject({
      status: 409,
      body: { code: 'conflict', detail: expect.stringContaining('another body') },
    })
    expect(await counts()).toEqual(before)
  })

  it('gets the same answer from another operator, and after its operation is deleted', async () => {
    const known = row()
    await send(chunkOf([known]))
    const chunk = chunkOf([row(), known, row({ owner_email: 'x' })])
    const first = await send(chunk)
    await env.DB.prepare('delete from operations').run()
    const before = await counts()
    for (const operator of [await asOperator('owner'), owner]) {
      const again = await operator.post('/imports', chunk)
      expect(again.body).toEqual(first)
      expect(again.headers.get('Idempotent-Replayed')).toBe('true')
      const other = await operator.post('/imports', { ...chunk, rows: [row()] })
      expect(other).toMatchObject({ status: 409, body: { code: 'conflict' } })
    }
    expect(await counts()).toEqual(before)
  })

  it('is written once if its answer is lost', async () => {
    const chunk = chunkOf([row({ metadata: { plan: 'pro' } })])
    const { db } = observe(env.DB, failAfterCommit(RESET_ERROR, RESET_ERROR))
    expect((await send(chunk, { bindings: { DB: db } })).counts.created).toBe(1)
    expect((await send(chunk)).counts.created).toBe(1)
    expect(await countOf('issuances', chunk.import_id)).toBe(1)
  })

  it('is written completely after the database failed', async () => {
    const chunk = chunkOf([row()])
    const { db } = observe(env.DB, failWith('D1_ERROR: D1 DB is overloaded.'))
    expect((await owner.post('/imports', chunk, { bindings: { DB: db } })).status).toBe(503)
    expect(await countOf('import_chunks', chunk.import_id)).toBe(0)
    expect((await send(chunk)).counts.created).toBe(1)
  })

  it('of two imports with the same license key writes it once', async () => {
    const license = row()
    const answers = await Promise.all([0, 1, 2].map(() => send(chunkOf([license]))))
    expect(answers.map(({ counts }) => counts.created).toSorted()).toEqual([0, 0, 1])
    const { n } =
      (await env.DB.prepare(`select count(*) as n from issuances where owner_email = 'ada@example.com'
        and id not in (select issuance_id from license_keys where issuance_id is not null)`).first<{
        n: number
      }>()) ?? {}
    expect(n).toBe(0)
  })

  it('has at most 1000 rows, which are written in one round trip', async () => {
    const rows = Array.from({ length: 1000 }, () =>
      row({ metadata: { plan: 'pro' }, activations: [{ identifier: 'pc' }] }),
    )
    const { db, roundTrips } = observe(env.DB)
    expect((await send(chunkOf(rows), { bindings: { DB: db } })).counts.created).toBe(1000)
    // A long body is read only for an operator.
    expect(roundTrips).toHaveLength(2)
    const tooMany = await owner.post('/imports', chunkOf([...rows, row()]))
    expect(tooMany).toMatchObject({
      status: 400,
      body: { errors: { rows: [expect.stringContaining('1000')] } },
    })
  })

  it('of rows that are too long together is refused', async () => {
    const metadata = Object.fromEntries(
      Array.from({ length: 4 }, (_, index) => [`text${index}`, 'x'.repeat(10_000)]),
    )
    const rows = Array.from({ length: 60 }, () => row({ metadata }))
    expect(await owner.post('/imports', chunkOf(rows))).toMatchObject({
      status: 413,
      body: { code: 'too-large' },
    })
  })

  it.each([
    [{ import_id: 'two words' }, 'import_id'],
    [{ import_id: 'x'.repeat(65) }, 'import_id'],
    [{ chunk: -1 }, 'chunk'],
    [{ format: 'paddle' }, 'format'],
    [{ product_id: 0 }, 'product_id'],
    [{ products: { Pro: 'one' } }, 'products'],
    [{ products: [1] }, 'products'],
    [{ rows: [] }, 'rows'],
    [{ rows: ['a,b'] }, 'rows'],
    [{ dry_run: 'maybe' }, 'dry_run'],
  ])('with %o is refused', async (changes, field) => {
    const before = await counts()
    expect(await owner.post('/imports', chunkOf([row()], changes))).toMatchObject({
      status: 400,
      body: { errors: { [field]: [expect.any(String)] } },
    })
    expect(await counts()).toEqual(before)
  })
})

describe('an import', () => {
  it('is shown by its chunks, and audited by numbers only', async () => {
    const import_id = crypto.randomUUID()
    await send(chunkOf([row(), row({ owner_email: 'x' })], { import_id }))
    await send(chunkOf([row()], { import_id, chunk: 1 }))
    const shown = await owner.get(`/imports/${import_id}`)
    const totals = { chunks: 2, rows: 3, created: 2, duplicate: 0, skipped: 0, refused: 1 }
    expect(shown.body).toEqual({
      import_id,
      counts: totals,
      chunks: [
        {
          chunk: 0,
          format: 'keyseal',
          rows: 2,
          created: 1,
          duplicate: 0,
          skipped: 0,
          refused: 1,
          created_at: expect.any(String),
        },
        {
          chunk: 1,
          format: 'keyseal',
          rows: 1,
          created: 1,
          duplicate: 0,
          skipped: 0,
          refused: 0,
          created_at: expect.any(String),
        },
      ],
    })
    const { results } = await env.DB.prepare(
      `select actor, action, before, after from audit_entries where subject = ? order by id`,
    )
      .bind(`import:${import_id}`)
      .all<{ before: string | null; after: string }>()
    expect(results).toMatchObject([
      { actor: `operator:${owner.id}`, action: 'imports.write', before: null },
      { actor: `operator:${owner.id}`, action: 'imports.write' },
    ])
    expect(JSON.parse(results[1]?.after ?? '')).toEqual(totals)
    expect(JSON.parse(results[1]?.before ?? '')).toEqual(JSON.parse(results[0]?.after ?? ''))
  })

  it('without a chunk is not found', async () => {
    expect((await owner.get('/imports/unknown')).status).toBe(404)
  })
})

async function countOf(table: 'issuances' | 'import_chunks', importId: string): Promise<number | null> {
  const column = table === 'issuances' ? `idempotency_key like ? || '/%'` : 'import_id = ?'
  return env.DB.prepare(`select count(*) as n from ${table} where ${column}`)
    .bind(importId)
    .first<number>('n')
}
