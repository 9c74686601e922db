/** What an event costs must not grow with the number of orders: no statement reads a table from end to end. */
import { env } from 'cloudflare:workers'
import { getTableName, is } from 'drizzle-orm'
import { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { expect, it } from 'vitest'
import * as schema from '../../src/db/schema/index.ts'
import { REISSUE } from '../../src/issuing/reissue.ts'
import type { PaymentEvent } from '../../src/payments/payment-event.ts'
import { addOffer, purchaseOf, tell } from '../support/sales.ts'

const TABLES: string[] = Object.values(schema).flatMap((table) =>
  is(table, SQLiteTable) ? [String(getTableName(table))] : [],
)

/** A database that notes the text of every statement that it is asked to prepare. */
function recording(texts: Set<string>): D1Database {
  return new Proxy(env.DB, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (name !== 'prepare') return typeof value === 'function' ? value.bind(target) : value
      return (text: string) => {
        texts.add(text)
        return target.prepare(text)
      }
    },
  })
}

it('no statement of any event, nor of a reissue, scans a table', async () => {
  const texts = new Set(REISSUE.map(({ sql }) => sql))
  const db = recording(texts)
  const offer = await addOffer()
  const reversal = { id: 'r', order: 'o', occurredAt: 1, phase: 'beginning' } as const
  const events: PaymentEvent[] = [
    purchaseOf(offer, 'o', { firstPeriod: { subscription: 's', period: '0' } }),
    { kind: 'refund', ...reversal },
    { kind: 'reinstatement', ...reversal },
    { kind: 'renewal', order: 'o2', subscription: 's', period: '1' },
    { kind: 'ignored', note: 'n', order: 'o', references: ['p'] },
  ]
  for (const event of events) await tell(event, { db })
  expect(texts.size).toBeGreaterThan(15 + REISSUE.length)

  const scans: string[] = []
  for (const text of texts) {
    const steps = await stepsOf(text)
    scans.push(...steps.filter(readsTooMuch).map((step) => `${step} in ${text.trim().slice(0, 100)}`))
  }
  expect(scans).toEqual([])
})

/** How SQLite goes about a statement. Its values do not matter, but there must be as many as it has parameters. */
async function stepsOf(text: string): Promise<string[]> {
  const numbered = Array.from(text.matchAll(/\?(\d+)/g), ([, number]) => Number(number))
  const count = numbered.length > 0 ? Math.max(...numbered) : text.split('?').length - 1
  const { results } = await env.DB.prepare(`explain query plan ${text}`)
    .bind(...new Array(count).fill('[]'))
    .all<{ detail: string }>()
  return results.map(({ detail }) => detail)
}

/** All rows of a provider, or all that are due, are as good as all. */
function readsTooMuch(step: string): boolean {
  const scanned = /^SCAN (\w+)/.exec(step)?.[1] ?? ''
  return TABLES.includes(scanned) || /\((provider|source|due_at|outcome)[=<>]+\?\)|AUTOMATIC/.test(step)
}
