/** What may happen to the keys of a shop, one step at a time. */
import { env } from 'cloudflare:workers'
import { perform } from '../../src/callers/operation.ts'
import { abandonDelivery } from '../../src/deliveries/deliver.ts'
import { activation } from '../../src/keys/activate.ts'
import { deactivation } from '../../src/keys/deactivate.ts'
import { keyUseValues } from '../../src/keys/key-checks.ts'
import { issueTrial } from '../../src/keys/start-trial.ts'
import type { PaymentEvent } from '../../src/payments/payment-event.ts'
import { callerOf, issueOrder } from '../support/callers.ts'
import { executeSql } from '../support/key-life.ts'
import { addQueuedOrder, addStock, processOrder } from '../support/queued-order.ts'
import { reissue } from '../support/reissues.ts'
import { addOffer, applyEvent, type Offer } from '../support/sales.ts'
import { openShop, type Shop } from '../support/shop.ts'
import { day, newSubscription } from '../support/subscriptions.ts'
import { add, type Counts } from './recount.ts'

/** @param choice picks the row or event that the step is about */
export type Step = (choice: number, now: number) => Promise<void>

export interface History {
  readonly steps: Readonly<Record<Kind, Step>>
  /** The activations so far. */
  readonly activations: Counts
}

export const KINDS = [
  'order',
  'event',
  'queued order',
  'activation',
  'deactivation',
  'trial',
  'reissue',
  'deletion',
  'move',
  'failed delivery',
] as const
export type Kind = (typeof KINDS)[number]

export async function beginHistory(): Promise<History> {
  const shop = await openShop()
  const { productId } = shop
  await executeSql('update products set trial_days = 30 where id = ?', productId)
  const offers = [await addOffer({ productId }), await addOffer()] as const
  const activations: Counts = new Map()
  const steps: Record<Kind, Step> = {
    order: (choice, now) => order(shop, (choice % 3) + 1, now),
    event: (choice, now) => event(`${shop.apiKey}-${choice % 2}`, offers, Math.floor(choice / 2), now),
    'queued order': (choice, now) => queuedOrder(shop, choice, now),
    activation: async (choice, now) => {
      const product = await use(shop, 'activated', choice, now)
      if (product !== undefined) add(activations, now, product, { activations: 1 })
    },
    deactivation: async (choice, now) => {
      await use(shop, 'deactivated', choice, now)
    },
    trial: async (choice, now) => {
      if (await startTrial(shop, choice, now)) add(activations, now, productId, { activations: 1 })
    },
    reissue: async (choice) => {
      const key = await keyAt(shop, choice)
      if (key) await reissue(key)
    },
    deletion: async (choice) => {
      await executeSql('delete from license_keys where license_key = ?', await keyAt(shop, choice))
    },
    move: async (choice) => {
      const change = 'update license_keys set product_id = ? where license_key = ?'
      await executeSql(change, offers[1].productId, await keyAt(shop, choice))
    },
    'failed delivery': async (choice, now) => {
      const { results } = await env.DB.prepare(`select id from deliveries where status = 'pending'`).all()
      await abandonDelivery(env, Number(results[choice % results.length]?.id ?? 0), now)
    },
  }
  return { steps, activations }
}

async function order(shop: Shop, quantity: number, now: number): Promise<void> {
  const owner = { ownerName: 'Ada Lovelace', ownerEmail: 'ada@example.com' }
  const terms = { productId: shop.productId, quantity, validityDays: 0, activationLimit: 2 }
  await issueOrder(env.DB, shop, { origin: 'fresh', ...owner, ...terms }, undefined, { now })
}

/** The events of an order of two products, whose subscription is paid, refunded and disputed. */
function eventsOf(order: string, [first, second]: readonly [Offer, Offer]): PaymentEvent[] {
  const s = newSubscription(order)
  const lines = [first, second, first].map(({ externalId }, index) => ({
    id: `line-${index}`,
    externalIds: [externalId],
    quantity: index + 1,
  }))
  const refund = (id: string, changes: object): PaymentEvent => ({
    ...s.refund(0, { id: `${order}-${id}` }),
    ...changes,
  })
  const charge = { order: `${order}-charge` }
  return [
    s.purchase(first, 31, { lines }),
    s.purchase(first, 31, { lines: lines.slice(0, 1) }),
    { kind: 'ignored', note: 'the charge', order, references: [charge.order] },
    refund('a', { lines: [{ id: 'line-1' }], occurredAt: day(2) }),
    refund('b', { ...charge, occurredAt: day(3) }),
    { ...s.reinstatement(0), ...charge, id: `${order}-b`, occurredAt: day(5) },
    refund('b', { ...charge, occurredAt: day(7) }),
    s.renewal(31, 62),
    s.refund(31),
    s.reinstatement(31),
    refund('c', { order: `${order}/31`, amount: 5, occurredAt: day(4) }),
  ]
}

async function event(
  order: string,
  offers: readonly [Offer, Offer],
  choice: number,
  now: number,
): Promise<void> {
  const events = eventsOf(order, offers)
  const channels = { hasWebhook: true, hasEmail: true }
  await applyEvent(events[choice % events.length] as PaymentEvent, { channels, now })
}

/** Some orders find too few keys in stock after their first chunks, and are released. */
async function queuedOrder(shop: Shop, choice: number, now: number): Promise<void> {
  await addStock(shop, choice % 12)
  await processOrder(await addQueuedOrder(shop, { origin: choice % 2 ? 'stock' : 'fresh', quantity: 10 }), {
    now,
  })
}

/** @returns the product of the key if it was activated */
async function use(
  shop: Shop,
  kind: 'activated' | 'deactivated',
  choice: number,
  now: number,
): Promise<number | null | undefined> {
  const licenseKey = await keyAt(shop, choice)
  if (!licenseKey) return undefined
  const parameters = { license_key: licenseKey, identifier: `device-${choice % 3}` }
  const caller = await callerOf(shop, 'use')
  const values = { ...keyUseValues(parameters), activationsMax: 1_000, releasesMax: 3 }
  const call = { db: env.DB, caller, idempotencyKey: undefined, parameters, now }
  const result = await (kind === 'activated'
    ? perform(call, activation, values)
    : perform(call, deactivation, values))
  if (result.kind === 'refused' || result.outcome.kind !== 'activated') return undefined
  return result.outcome.productId
}

/** @returns whether it is the first trial of the device */
async function startTrial({ apiKey, productId }: Shop, choice: number, now: number): Promise<boolean> {
  const parameters = { product_id: productId, identifier: `device-${choice % 3}` }
  const caller = await callerOf({ apiKey }, 'use')
  const result = await issueTrial({ env, db: env.DB, caller, parameters, now })
  return result.kind !== 'refused' && !result.isReplay
}

async function keyAt({ productId }: Shop, choice: number): Promise<string | null> {
  const { results } = await env.DB.prepare('select license_key from license_keys where product_id = ?')
    .bind(productId)
    .all<{ license_key: string }>()
  return results[choice % results.length]?.license_key ?? null
}
