import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { asOperator, type Operator } from '../../support/admin.ts'
import { post } from '../../support/client.ts'
import { addMetadata } from '../../support/key-life.ts'
import { ERASED, only, order, run, tablesWith } from '../../support/people.ts'
import { QUEUED_PATH, queuedOrderFields } from '../../support/queued-order.ts'
import { openShop, type Shop } from '../../support/shop.ts'

const EMAIL = 'ada@example.com'
const NAME = 'Ada Lovelace'

async function erase(operator: Operator, email: string = EMAIL) {
  const answer = await operator.post('/people/erase', { email })
  expect(answer).toMatchObject({ status: 200, body: { is_complete: true } })
  return answer.body
}

/** An audit entry, and an operation with its outcome for replays. */
async function addTexts(texts: { before: object; after: object; reason: string }): Promise<number> {
  await run(
    `insert into operations (source, endpoint, idempotency_key, fingerprint, nonce, outcome, created_at)
     values ('operator:1', 'licenses.create', ?, ?, 'n', ?, ?)`,
    crypto.randomUUID(),
    'f'.repeat(64),
    JSON.stringify({ kind: 'created', license: texts.after }),
    Date.now(),
  )
  const row = await env.DB.prepare(
    `insert into audit_entries (at, actor, action, subject, reason, before, after, nonce)
     values (?, 'operator:1', 'licenses.update', 'license:1', ?, ?, ?, 'n') returning id`,
  )
    .bind(Date.now(), texts.reason, JSON.stringify(texts.before), JSON.stringify(texts.after))
    .first<{ id: number }>()
  return row?.id ?? 0
}

async function keyOf(shop: Shop, key: string, changes: Record<string, unknown> = {}) {
  const { response } = await order(shop, key, changes)
  const [first] = response.license_keys
  return { id: first.id as number, licenseKey: first.license_key as string }
}

describe('an erased person', () => {
  it('is in no table any more, and others are', async () => {
    const shop = await openShop()
    const owner = await asOperator('owner')
    const ordered = await keyOf(shop, 'one', { owner_email: 'ADA@Example.com' })
    const given = await keyOf(shop, 'two', { owner_name: 'Grace Hopper', owner_email: 'grace@example.com' })
    await post(
      { api_key: shop.apiKey, license_key: given.licenseKey, owner_name: NAME, owner_email: EMAIL },
      { path: '/api/v1/update-license-key' },
    )
    await post(queuedOrderFields(shop), { path: QUEUED_PATH })
    await addMetadata(ordered, 'contact', 'Write to Ada@Example.com')
    await addMetadata(ordered, 'plan', 'basic')
    await addMetadata(given, 'badge', 'For ADA LOVELACE, with care')
    const entry = await addTexts({
      before: { status: 'assigned', owner_name: NAME, owner_email: EMAIL },
      after: { status: 'blocked', owner_name: NAME, owner_email: EMAIL },
      reason: 'Ada Lovelace <ADA@example.com> asked for it',
    })

    await erase(owner)

    expect(await tablesWith(EMAIL, NAME)).toEqual([])
    expect(await tablesWith('grace@example.com')).toContain('issuances')
    expect(await only(`select value from license_key_metadata where key = 'plan'`)).toBe('basic')
    expect(
      await env.DB.prepare('select * from audit_entries where id = ?').bind(entry).first(),
    ).toMatchObject({
      before: JSON.stringify({ status: 'assigned', ...ERASED }),
      after: JSON.stringify({ status: 'blocked', ...ERASED }),
      reason: 'Erased <erased@owner.invalid> asked for it',
    })
  })

  it('keeps working licenses', async () => {
    const shop = await openShop()
    const { licenseKey } = await keyOf(shop, 'works')
    const fields = { api_key: shop.apiKey, license_key: licenseKey, identifier: 'laptop' }
    await post(fields, { path: '/api/v1/activate' })
    await erase(await asOperator('owner'))
    expect((await post(fields, { path: '/api/v1/verify' })).response.code).toBe(200)
    expect((await post({ ...fields, identifier: 'phone' }, { path: '/api/v1/activate' })).response.code).toBe(
      300,
    )
    const stored = await env.DB.prepare('select * from license_keys where license_key = ?').bind(licenseKey)
    expect(await stored.first()).toMatchObject({ ...ERASED, status: 'assigned' })
  })

  it('who orders again is a new owner', async () => {
    const shop = await openShop()
    await keyOf(shop, 'before')
    await erase(await asOperator('owner'))
    const { response } = await order(shop, 'after')
    expect(response.license_keys[0]).toMatchObject({ owner_name: NAME, owner_email: EMAIL })
  })

  it('may be erased again, also under the same idempotency key', async () => {
    const shop = await openShop()
    const owner = await asOperator('owner')
    await keyOf(shop, 'again')
    const headers = { 'Idempotency-Key': 'erase-ada' }
    const first = await owner.post('/people/erase', { email: EMAIL }, { headers })
    const second = await owner.post('/people/erase', { email: EMAIL }, { headers })
    expect(second.body).toEqual(first.body)
    expect(second.headers.get('Idempotent-Replayed')).toBe('true')
    expect((await erase(owner)).orders).toBe(0)
  })

  it('is named in no entry of the audit, which says who erased', async () => {
    const owner = await asOperator('owner')
    await erase(owner)
    const entry = await env.DB.prepare('select * from audit_entries order by id desc limit 1').first()
    expect(entry).toMatchObject({ actor: `operator:${owner.id}`, action: 'people.erase', subject: 'person' })
    expect(JSON.stringify(entry)).not.toContain('ada')
  })
})

describe('an order that is repeated after the erasure', () => {
  it('is a replay, whatever owner it names, and tells the anonymous owner', async () => {
    const shop = await openShop()
    const issued = await order(shop, 'replayed')
    await erase(await asOperator('owner'))
    for (const owner of [{}, { owner_name: 'Grace Murray', owner_email: 'murray@example.com' }]) {
      const repeated = await order(shop, 'replayed', owner)
      expect(repeated.headers.get('Idempotent-Replayed')).toBe('true')
      expect(repeated.response.license_keys).toEqual(
        issued.response.license_keys.map((key: object) => ({ ...key, ...ERASED })),
      )
    }
    expect(await tablesWith(EMAIL, 'murray@example.com')).toEqual([])
    const other = await order(shop, 'replayed', { quantity: '3' })
    expect(other.response.code).toBe(2422)
  })

  it('is a replay for queued orders too', async () => {
    const shop = await openShop()
    const headers = { 'Idempotency-Key': 'queued' }
    const fields = queuedOrderFields(shop)
    const queued = await post(fields, { path: QUEUED_PATH, headers })
    await erase(await asOperator('owner'))
    const repeated = await post(fields, { path: QUEUED_PATH, headers })
    expect(repeated.headers.get('Idempotent-Replayed')).toBe('true')
    expect(repeated.text).toBe(queued.text)
    expect(await tablesWith(EMAIL)).toEqual([])
  })
})

it.each(['Not set', 'not an address', 'erased@owner.invalid'])('refuses to erase "%s"', async (email) => {
  const owner = await asOperator('owner')
  const answer = await owner.post('/people/erase', { email })
  expect(answer).toMatchObject({ status: 400, body: { errors: { email: [expect.any(String)] } } })
})
