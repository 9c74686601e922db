/** The cost of an event must not grow with the number of orders, so no statement may scan a table. */
import { env } from 'cloudflare:workers'
import { getTableName, is } from 'drizzle-orm'
import { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { expect, it } from 'vitest'
import * as schema from '../../src/db/schema/index.ts'
import { reissueStatements } from '../../src/issuing/reissue.ts'
import type { PaymentEvent } from '../../src/payments/payment-event.ts'
import { interceptRoundTrips } from '../support/intercepted-database.ts'
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
  const { writes, select } = reissueStatements('license_keys.license_key = :licenseKey')
  const texts = new Set([...writes, select].map(({ sql }) => sql))
  const ofReissue = texts.size
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
  expect(texts.size).toBeGreaterThan(15 + ofReissue)

  const scans: string[] = []
  for (const text of texts) {
    const steps = await stepsOf(text)
    scans.push(
      ...steps.filter((step) => isScan(step, text)).map((step) => `${step} in ${text.trim().slice(0, 100)}`),
    )
  }
  expect(scans).toEqual([])
})

const LINES = 10

/** The rows that one more renewal reads, of an order with several lines whose subscription was reported often. */
async function rowsReadWith(reports: number): Promise<number> {
  const name = `long-${reports}`
  const offers = await Promise.all(Array.from({ length: LINES }, () => addOffer()))
  const items = offers.map(({ externalId }) => ({ externalIds: [externalId], quantity: 1 }))
  const lines = items.map((item) => ({ ...item, id: item.externalIds[0] ?? '' }))
  const period = (payment: string) => ({ subscription: name, payment, paidAt: 1 })
  const sale = purchaseOf({ externalId: '' }, name, { references: [name], lines, period: period(name) })
  await applyEvent(sale)
  for (let time = 1; time <= reports; time += 1) {
    const report = { subscription: name, occurredAt: time, paidUntil: 99, items }
    await applyEvent({ kind: 'report', report })
  }
  let rowsRead = 0
  const db = interceptRoundTrips(env.DB, async (_, run) => {
    const result = await run()
    for (const { meta } of result as D1Result[]) rowsRead += meta.rows_read
    return result
  })
  await applyEvent({ kind: 'renewal', period: period(`${name}-2`) }, { db })
  return rowsRead
}

it('an event reads few rows for each line and each reported item', async () => {
  const reports = 20
  expect(await rowsReadWith(reports)).toBeLessThan(20 * LINES * LINES * reports)
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
