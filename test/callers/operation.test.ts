import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { API_KEY_AUTHORITY } from '../../src/callers/api-keys.ts'
import type { OperationCall } from '../../src/callers/caller.ts'
import { defineOperation, perform as performed } from '../../src/callers/operation.ts'
import { DatabaseUnavailableError } from '../../src/db/errors.ts'
import { callerOf } from '../support/callers.ts'
import { observe } from '../support/observed-database.ts'
import { openShop, type Shop } from '../support/shop.ts'

const NOW = Date.UTC(2026, 10, 24, 12)

interface Renaming {
  readonly kind: 'renamed' | 'not-found'
  readonly before: string | null
  /** The length of the new name, which is known only after the write. */
  readonly length?: number
}

/** Appends to a product's name, so that a second execution would be visible. */
const rename = defineOperation<Renaming>({
  authority: API_KEY_AUTHORITY,
  name: 'rename',
  decision: `(select json_object('kind', iif(products.id is null, 'not-found', 'renamed'), 'before', products.name)
    from (select 1) left join products on products.id = :productId)`,
  changes: ['renamed'],
  writes: ({ decided, addToOutcome }) => [
    `update products set name = name || :suffix where id = :productId and ${decided('renamed')}`,
    addToOutcome(`'$.length', (select length(name) from products where id = :productId)`, 'renamed'),
  ],
})

type Request = Omit<OperationCall, 'db'>

async function perform(
  db: D1Database,
  operation: typeof rename,
  request: Request,
  values: Record<string, unknown>,
) {
  const result = await performed({ ...request, db }, operation, values)
  if (result.kind === 'refused') return { kind: 'refused', reason: result.reason }
  const { outcome, doneAt, isReplay } = result
  return { kind: isReplay ? 'replayed' : 'performed', outcome, performedAt: doneAt }
}

async function requestOf(shop: Shop, changes: Partial<Request> = {}): Promise<Request> {
  return {
    caller: await callerOf(shop, 'products'),
    idempotencyKey: undefined,
    parameters: {},
    now: NOW,
    ...changes,
  }
}

const valuesOf = (shop: Shop, suffix = '!') => ({ productId: shop.productId, suffix })

async function nameOf({ productId }: Shop): Promise<string | undefined> {
  const row = await env.DB.prepare('select name from products where id = ?')
    .bind(productId)
    .first<{ name: string }>()
  return row?.name
}

describe('an operation', () => {
  it('decides, writes and stores its outcome in one round trip', async () => {
    const shop = await openShop()
    const { db, roundTrips } = observe(env.DB)
    expect(await perform(db, rename, await requestOf(shop), valuesOf(shop))).toEqual({
      kind: 'performed',
      outcome: { kind: 'renamed', before: 'App', length: 4 },
      performedAt: NOW,
    })
    expect(roundTrips).toHaveLength(1)
    expect(await nameOf(shop)).toBe('App!')
  })

  it('that makes no change writes nothing and leaves its idempotency key unused', async () => {
    const shop = await openShop()
    const request = await requestOf(shop, { idempotencyKey: 'again' })
    const { db, roundTrips } = observe(env.DB)
    const performed = await perform(db, rename, request, { productId: 0, suffix: '!' })
    expect(performed).toEqual({
      kind: 'performed',
      outcome: { kind: 'not-found', before: null },
      performedAt: NOW,
    })
    expect(roundTrips).toEqual([{ statements: 4, rowsWritten: 0 }])
    expect(await perform(env.DB, rename, request, valuesOf(shop))).toMatchObject({ kind: 'performed' })
    expect(await nameOf(shop)).toBe('App!')
  })

  it('runs once per idempotency key, and a replay gets the first outcome', async () => {
    const shop = await openShop()
    const request = await requestOf(shop, { idempotencyKey: 'once' })
    const first = await perform(env.DB, rename, request, valuesOf(shop))
    const second = await perform(env.DB, rename, { ...request, now: NOW + 5000 }, valuesOf(shop))
    expect(second).toEqual({ ...first, kind: 'replayed' })
    expect(await nameOf(shop)).toBe('App!')
  })

  it('runs once when fifty requests race', async () => {
    const shop = await openShop()
    const request = await requestOf(shop, { idempotencyKey: 'race' })
    const performed = await Promise.all(
      Array.from({ length: 50 }, () => perform(env.DB, rename, request, valuesOf(shop))),
    )
    expect(performed.filter(({ kind }) => kind === 'performed')).toHaveLength(1)
    expect(performed.filter(({ kind }) => kind === 'replayed')).toHaveLength(49)
    expect(await nameOf(shop)).toBe('App!')
  })

  it('is refused if its idempotency key was used with other parameters', async () => {
    const shop = await openShop()
    const request = await requestOf(shop, { idempotencyKey: 'misused', parameters: { suffix: '!' } })
    await perform(env.DB, rename, request, valuesOf(shop))
    const other = await perform(
      env.DB,
      rename,
      { ...request, parameters: { suffix: '?' } },
      valuesOf(shop, '?'),
    )
    expect(other).toEqual({ kind: 'refused', reason: 'idempotency-key-reused' })
    expect(await nameOf(shop)).toBe('App!')
  })

  it('has separate idempotency keys for each caller and operation', async () => {
    const [shop, other] = [await openShop(), await openShop()]
    const again = defineOperation<Renaming>({
      authority: API_KEY_AUTHORITY,
      name: 'rename-again',
      decision: `json_object('kind', 'renamed', 'before', null)`,
      changes: ['renamed'],
      writes: ({ decided }) => [
        `update products set name = name || '?' where id = :productId and ${decided('renamed')}`,
      ],
    })
    const idempotencyKey = 'shared'
    await perform(env.DB, rename, await requestOf(shop, { idempotencyKey }), valuesOf(shop))
    await perform(env.DB, rename, await requestOf(other, { idempotencyKey }), valuesOf(other))
    await perform(env.DB, again, await requestOf(shop, { idempotencyKey }), valuesOf(shop))
    expect([await nameOf(shop), await nameOf(other)]).toEqual(['App!?', 'App!'])
  })

  it('is neither executed nor stored if the caller is unauthorized', async () => {
    const shop = await openShop({ capabilities: ['use'] })
    const request = await requestOf(shop, { idempotencyKey: 'refused' })
    expect(await perform(env.DB, rename, request, valuesOf(shop))).toEqual({
      kind: 'refused',
      reason: 'capability-missing',
    })
    expect(await nameOf(shop)).toBe('App')
    const row = await env.DB.prepare(`select 1 from operations where idempotency_key = 'refused'`).first()
    expect(row).toBeNull()
  })

  it.each([undefined, 'lost'])(
    'is found by the next attempt if the response was lost (Idempotency-Key: %s)',
    async (idempotencyKey) => {
      const shop = await openShop()
      let failures = 0
      const { db } = observe(env.DB, {
        after() {
          if (failures++ === 0) throw new Error('D1_ERROR: Network connection lost.')
        },
      })
      const performed = await perform(db, rename, await requestOf(shop, { idempotencyKey }), valuesOf(shop))
      expect(performed).toMatchObject({ kind: 'performed', outcome: { kind: 'renamed', length: 4 } })
      expect(await nameOf(shop)).toBe('App!')
    },
  )

  it('may be retried if the database never responded', async () => {
    const shop = await openShop()
    const request = await requestOf(shop, { idempotencyKey: 'patience' })
    const { db } = observe(env.DB, {
      after() {
        throw new Error('D1_ERROR: Network connection lost.')
      },
    })
    await expect(perform(db, rename, request, valuesOf(shop))).rejects.toThrow(DatabaseUnavailableError)
    expect(await perform(env.DB, rename, request, valuesOf(shop))).toMatchObject({ kind: 'replayed' })
    expect(await nameOf(shop)).toBe('App!')
  })
})
