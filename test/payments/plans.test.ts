/** The cost of an event must not grow with the number of orders, so no statement may scan a table. */
import { env } from 'cloudflare:workers'
import { getTableName, is } from 'drizzle-orm'
import { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { expect, it } from 'vitest'
import * as schema from '../../src/db/schema/index.ts'
import { REISSUE } from '../../src/issuing/reissue.ts'
import type { PaymentEvent } from '../../src/payments/payment-event.ts'
import { addOffer, applyEvent, purchaseOf } from '../support/sales.ts'

const TABLES: string[] = Object.values(schema).flatMap((table) =>
  is(table, SQLiteTable) ? [String(getTableName(table))] : [],
)

/** A database that records the text of every prepared statement. */
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

it('no statement of an event or a reissue scans a table', async () => {
  const texts = new Set(REISSUE.map(({ sql }) => sql))
  const db = recording(texts)
  const offer = await addOffer()
  const reversal = { id: 'r', order: 'o', occurredAt: 1, phase: 'beginning' } as const
  const period = { subscription: 's', payment: 'o', paidAt: 1 }
  const items = [{ externalIds: [offer.externalId], quantity: 1 }]
  const report = { subscription: 's', occurredAt: 1, paidUntil: 2, items }
  const events: PaymentEvent[] = [
    purchaseOf(offer, 'o', { references: ['s'], period, report }),
    { kind: 'refund', ...reversal },
    { kind: 'reinstatement', ...reversal },
    { kind: 'renewal', period: { ...period, payment: 'o2' }, report, sale: 'o' },
    { kind: 'report', report, order: 'o' },
    { kind: 'ignored', note: 'n', order: 'o', references: ['p'] },
  ]
  for (const event of events) await applyEvent(event, { db })
  expect(texts.size).toBeGreaterThan(15 + REISSUE.length)

  const scans: string[] = []
  for (const text of texts) {
    const steps = await stepsOf(text)
    scans.push(
      ...steps.filter((step) => isScan(step, text)).map((step) => `${step} in ${text.trim().slice(0, 100)}`),
    )
  }
  expect(scans).toEqual([])
})

/** The query plan of a statement. Its values do not matter, but every parameter needs one. */
async function stepsOf(text: string): Promise<string[]> {
  const numbered = Array.from(text.matchAll(/\?(\d+)/g), ([, number]) => Number(number))
  const count = numbered.length > 0 ? Math.max(...numbered) : text.split('?').length - 1
  const { results } = await env.DB.prepare(`explain query plan ${text}`)
    .bind(...new Array(count).fill('[]'))
    .all<{ detail: string }>()
  return results.map(({ detail }) => detail)
}

/**
 * Reading all rows of a provider, or all due rows, counts as a scan. An automatic index on rows that the statement
 * itself selected does not.
 */
function isScan(step: string, text: string): boolean {
  const scanned = /^SCAN (\w+)/.exec(step)?.[1] ?? ''
  return (
    TABLES.includes(scanned) ||
    /\((provider|source|due_at|outcome)[=<>]+\?\)/.test(step) ||
    isIndexed(step, text)
  )
}

function isIndexed(step: string, text: string): boolean {
  const [, name] = /^SEARCH (\w+) USING AUTOMATIC/.exec(step) ?? []
  return name !== undefined && !new RegExp(`\\b${name}(\\(.*\\))? as (materialized )?\\(`).test(text)
}
