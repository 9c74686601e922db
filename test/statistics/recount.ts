/** Counts the statistics from all rows, without SQL that the statistics use. */
import { env } from 'cloudflare:workers'

type Row = Readonly<Record<string, string | number | null>>

/** The counts of a day and product, by `<day>/<product id>`. Zeros are omitted. */
export type Counts = Map<string, Record<string, number>>

export const DAY = 86_400_000

async function rowsOf(table: string): Promise<Row[]> {
  return (await env.DB.prepare(`select * from ${table} order by rowid`).all<Row>()).results
}

export function add(counts: Counts, instant: unknown, productId: unknown, changes: Record<string, number>) {
  const key = `${Math.floor(Number(instant) / DAY)}/${productId}`
  const before = counts.get(key) ?? {}
  for (const [name, change] of Object.entries(changes)) {
    if (change !== 0) before[name] = (before[name] ?? 0) + change
  }
  if (Object.keys(before).length > 0) counts.set(key, before)
}

/** All counts except activations and active devices, which the tables do not remember. */
export async function recount(): Promise<Counts> {
  const counts: Counts = new Map()
  await countOrders(counts)
  await countRefunds(counts)
  await countFailures(counts)
  return counts
}

async function countOrders(counts: Counts): Promise<void> {
  const lines = new Map((await rowsOf('order_lines')).map((line) => [line.issuance_id, line]))
  const reissues = new Set((await rowsOf('reissues')).map((reissue) => reissue.issuance_id))
  const seen = new Set<string>()
  for (const { id, source, product_id, quantity, created_at } of await rowsOf('issuances')) {
    if (String(source).startsWith('queued:')) continue
    const line = lines.get(id ?? 0)
    const order = line?.provider === source ? `${source}/${line?.order_id}/${product_id}` : `issuance ${id}`
    const isOrder =
      source !== 'trial' && source !== 'cli:reissue' && !reissues.has(id ?? 0) && !seen.has(order)
    seen.add(order)
    add(counts, created_at, product_id, { issued_keys: Number(quantity), orders: Number(isOrder) })
  }
  for (const { status, product_id, quantity, updated_at } of await rowsOf('queued_orders')) {
    if (status === 'issued') add(counts, updated_at, product_id, { issued_keys: Number(quantity), orders: 1 })
  }
}

async function countRefunds(counts: Counts): Promise<void> {
  const [references, periods, lines] = await Promise.all(
    ['order_references', 'paid_periods', 'order_lines'].map(rowsOf),
  )
  const products = new Map((await rowsOf('issuances')).map(({ id, product_id }) => [id, product_id]))
  const ordersNamed = (name: unknown) =>
    (references ?? []).filter(({ reference }) => reference === name).map(({ order_id }) => order_id)
  for (const reversal of await rowsOf('reversals')) {
    if (reversal.is_active === 0) continue
    const orders = ordersNamed(reversal.reference)
    const paid = (periods ?? []).filter(({ payment }) => orders.includes(payment ?? null))
    const all = new Set([...orders, ...paid.flatMap(({ subscription }) => ordersNamed(subscription))])
    const only =
      reversal.lines && (JSON.parse(String(reversal.lines)) as { id: string }[]).map(({ id }) => id)
    const refunded = (lines ?? []).filter(
      ({ order_id, line }) => all.has(order_id ?? null) && (!only || only.includes(String(line))),
    )
    for (const productId of new Set(refunded.map(({ issuance_id }) => products.get(issuance_id ?? null)))) {
      add(counts, reversal.occurred_at, productId, { refunds: 1 })
    }
  }
}

async function countFailures(counts: Counts): Promise<void> {
  const products = new Map((await rowsOf('issuances')).map(({ id, product_id }) => [id, product_id]))
  const queued = new Map((await rowsOf('queued_orders')).map(({ id, product_id }) => [id, product_id]))
  for (const { status, issuance_id, queued_order_id, updated_at } of await rowsOf('deliveries')) {
    const productId = products.get(issuance_id ?? null) ?? queued.get(queued_order_id ?? null)
    if (status === 'failed') add(counts, updated_at, productId, { failed_deliveries: 1 })
  }
}

/** The number of active devices by product id. */
export async function recountDevices(): Promise<Record<string, number>> {
  const keys = new Map((await rowsOf('license_keys')).map(({ id, product_id }) => [id, product_id]))
  const devices: Record<string, number> = {}
  for (const { license_key_id } of await rowsOf('activations')) {
    const productId = String(keys.get(license_key_id ?? null))
    devices[productId] = (devices[productId] ?? 0) + 1
  }
  return devices
}

/** What the statistics have counted, in the form of `recount`. */
export async function counted(): Promise<Counts> {
  const counts: Counts = new Map()
  for (const { day, product_id, active_devices, ...rest } of await rowsOf('statistics')) {
    add(counts, day, product_id, rest as Record<string, number>)
  }
  return counts
}

/** The active devices by product id, as the statistics counted them on a day. Products without devices are omitted. */
export async function devicesOf(instant: number): Promise<Record<string, number>> {
  const { results } = await env.DB.prepare(
    'select product_id, active_devices from statistics where day = ? and active_devices > 0 order by product_id',
  )
    .bind(instant)
    .all<{ product_id: number; active_devices: number }>()
  return Object.fromEntries(results.map(({ product_id, active_devices }) => [product_id, active_devices]))
}
