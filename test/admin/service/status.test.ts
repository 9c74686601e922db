import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it } from 'vitest'
import { asOperator } from '../../support/admin.ts'
import { addDelivery } from '../../support/delivery.ts'
import { executeSql } from '../../support/key-life.ts'
import { observe } from '../../support/observed-database.ts'
import { addOffer } from '../../support/sales.ts'

interface Check {
  readonly name: string
  readonly status: string
  readonly message: string
  readonly remedy: string | null
}

const GOOD = { ADMIN_TOKEN: 'a'.repeat(32) }

async function statusWith(bindings: object = {}) {
  const { status, body } = await (await asOperator('viewer')).get('/status', {
    bindings: { ...GOOD, ...bindings },
  })
  expect(status).toBe(200)
  const faults = (body.checks as Check[]).filter(({ status: found }) => found !== 'ok')
  for (const { remedy, message } of faults)
    expect([message, remedy?.length]).toEqual([message, expect.any(Number)])
  return { body, faults }
}

afterEach(async () => {
  for (const table of ['deliveries', 'offers', 'generators', 'webhook_events', 'cron_runs']) {
    await executeSql(`delete from ${table}`)
  }
  await executeSql('delete from license_keys')
  await executeSql(`update d1_migrations set name = '0001_initial.sql', applied_at = current_timestamp`)
})

describe('GET /admin/v1/status', () => {
  it('is ok if nothing is wrong, in one round trip', async () => {
    const { db, roundTrips } = observe(env.DB)
    const { body, faults } = await statusWith({ DB: db })
    expect(faults).toEqual([])
    expect(body).toMatchObject({
      status: 'ok',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      database: { limit_bytes: 500_000_000, newest_ids: { issuances: 0 } },
      queues: { deliveries_bound: true, callbacks_bound: true, waiting_deliveries: 0, failed_deliveries: 0 },
    })
    expect(body.signing_keys.map(({ algorithm }: { algorithm: string }) => algorithm)).toContain('EdDSA')
    expect(roundTrips).toHaveLength(1)
  })

  it('names each wrong setting with its remedy, although other requests fail then', async () => {
    const { body, faults } = await statusWith({
      MAX_QUANTITY: 'many',
      EMAIL_FROM: 'no address',
      SIGNING_PRIVATE_KEY: undefined,
      DELIVERIES: undefined,
      ADMIN_TOKEN: undefined,
      DATABASE_LIMIT_BYTES: 'x',
    })
    expect(body.status).toBe('broken')
    expect(faults).toMatchObject([
      { name: 'settings', status: 'error', message: expect.stringMatching(/^MAX_QUANTITY /) },
      { name: 'settings', status: 'error', message: expect.stringMatching(/^EMAIL_FROM /) },
      { name: 'settings', status: 'error', message: expect.stringMatching(/^DATABASE_LIMIT_BYTES /) },
      { name: 'settings', status: 'warning', message: 'ADMIN_TOKEN is not set' },
      { name: 'signing keys', status: 'error', message: 'SIGNING_PRIVATE_KEY is not set' },
      { name: 'queues', status: 'error', message: 'The queue DELIVERIES is not bound' },
    ])
    const states = Object.fromEntries(
      body.secrets.map(({ name, state }: { name: string; state: string }) => [name, state]),
    )
    expect(states).toMatchObject({
      SIGNING_PRIVATE_KEY: 'missing',
      SIGNING_PRIVATE_KEY_FILES: 'set',
      STRIPE_API_KEY: 'set',
      RESEND_API_KEY: 'missing',
    })
  })

  it('shows no value of a secret, also of a wrong one', async () => {
    const secret = 'a-secret-that-is-wrong'
    const { body, faults } = await statusWith({
      SIGNING_PRIVATE_KEY_NEXT: secret,
      SIGNING_PRIVATE_KEY_FILES: secret,
      STRIPE_WEBHOOK_SECRET: 'too-short',
      ADMIN_TOKEN: 'short-token',
    })
    expect(faults).toHaveLength(4)
    const text = JSON.stringify(body)
    const values = [secret, 'too-short', 'short-token', String(env.STRIPE_API_KEY), 'PRIVATE KEY-----']
    for (const value of values) expect(text).not.toContain(value)
    expect(body.secrets).toContainEqual({ name: 'SIGNING_PRIVATE_KEY_FILES', state: 'wrong' })
    expect(body.secrets).toContainEqual({ name: 'STRIPE_WEBHOOK_SECRET', state: 'wrong' })
  })

  it('has local remedies for local secrets', async () => {
    const { faults } = await statusWith({ LOCAL_DEVELOPMENT: 'true', SIGNING_PRIVATE_KEY: undefined })
    expect(faults[0]?.remedy).toBe('set SIGNING_PRIVATE_KEY in .dev.vars, then npm start')
  })

  it('names products and offers that cannot sell', async () => {
    const sold = await addOffer({ provider: 'stripe' })
    const dead = await addOffer({ provider: 'paddle', productStatus: 'inactive' })
    const removed = await addOffer({ provider: 'polar', productStatus: 'inactive' })
    await executeSql('update offers set removed_at = 1 where product_id = ?', removed.productId)
    await executeSql(
      `insert into generators (product_id, method, prefix, suffix, charset, number_of_chunks, chunk_length,
         activation_limit, validity_days, status, created_at, updated_at)
       values (?, 'uuid', '', '', 'AB', 1, 1, 0, 0, 0, 0, 0)`,
      sold.productId,
    )
    const { faults } = await statusWith({ PADDLE_WEBHOOK_SECRET: 'pdl_ntfset_0123456789abcdef' })
    expect(faults.map(({ name, status, message }) => [name, status, message])).toEqual([
      [
        'webhook secrets',
        'error',
        'STRIPE_WEBHOOK_SECRET is not set, and stripe has offers. Its orders are refused',
      ],
      [
        'deliveries',
        'warning',
        'There are offers, but neither EMAIL_FROM nor a webhook is set. Buyers do not get their keys',
      ],
      [
        'offers',
        'error',
        `Product ${dead.productId} cannot be sold: not active, but with offers. Paid orders get no keys`,
      ],
      [
        'generators',
        'warning',
        `Product ${sold.productId} cannot be sold with generated keys: no generator is active`,
      ],
    ])
  })

  it('has the warnings of GET /health/ready, with what to do', async () => {
    await addDelivery({ dueAt: Date.now() - 11 * 60_000 })
    await executeSql(`update d1_migrations set applied_at = datetime('now', '-1 hour')`)
    const { body, faults } = await statusWith({ DATABASE_LIMIT_BYTES: '1000' })
    expect(body.status).toBe('attention')
    expect(faults.map(({ message }) => message)).toEqual([
      '1 deliveries have been due for more than 10 minutes',
      'The cron trigger of every minute has not succeeded for 20 minutes',
      expect.stringMatching(/^The database is \d+% full$/),
    ])
    expect(body.queues.waiting_deliveries).toBe(1)
  })

  it('counts events that failed because a provider rejected the API key', async () => {
    await executeSql(
      `insert into webhook_events (provider, event_id, type, mode, received_at, outcome, note, updated_at)
       values ('stripe', 'e', 't', 'live', 0, 'failed', 'STRIPE_API_KEY is wrong, expired or lacks a permission', ?)`,
      Date.now(),
    )
    const { faults } = await statusWith()
    expect(faults).toContainEqual({
      name: 'look-ups',
      status: 'error',
      message: '1 events failed because STRIPE_API_KEY is wrong, expired or lacks a permission',
      remedy: 'npx wrangler secret put STRIPE_API_KEY, then npm run keyseal -- events retry --failed',
    })
  })

  it('warns of weak license keys without showing them', async () => {
    const { productId } = await addOffer()
    await executeSql('delete from offers')
    await executeSql(
      `insert into license_keys (product_id, license_key, status, activation_limit, validity_days, created_at, updated_at)
       values (?, 'WEAK-1234', 'available', 0, 0, 0, 0)`,
      productId,
    )
    const { body, faults } = await statusWith()
    expect(faults[0]?.message).toMatch(/^Of the newest 1 of 1 license keys have less than/)
    expect(JSON.stringify(body)).not.toContain('WEAK')
  })

  it('answers also if the database is not migrated', async () => {
    await executeSql(`update d1_migrations set name = '0000.sql'`)
    expect((await statusWith()).faults[0]).toMatchObject({ name: 'migrations', remedy: 'npm run deploy' })
    await executeSql('alter table cron_runs rename to other')
    const { body, faults } = await statusWith()
    await executeSql('alter table other rename to cron_runs')
    expect(faults[0]).toMatchObject({ name: 'migrations', status: 'error' })
    expect(body).toMatchObject({ status: 'broken', database: null, queues: null })
  })
})
