/** Payments, reports and refunds of a subscription. Days count from a fixed start. */
import { env } from 'cloudflare:workers'
import type {
  PaidPeriod,
  Purchase,
  Refund,
  Reinstatement,
  Renewal,
  Report,
  SubscriptionReport,
} from '../../src/payments/payment-event.ts'
import { DAY_MILLISECONDS } from '../../src/protocol/dates.ts'
import { type Offer, purchaseOf } from './sales.ts'

const START = Date.UTC(2026, 0, 1)

export function day(days: number): number {
  return START + days * DAY_MILLISECONDS
}

export interface Subscription {
  readonly order: string
  readonly name: string
  /** A purchase on day 0. Without an end, the provider does not tell one. */
  readonly purchase: (offer: Offer, endDay?: number, changes?: Partial<Purchase>) => Purchase
  readonly renewal: (paidDay: number, endDay?: number, changes?: Partial<PaidPeriod>) => Renewal
  readonly report: (atDay: number, report: Partial<Report>) => SubscriptionReport
  readonly ended: (atDay: number) => SubscriptionReport
  /** Refunds the payment of a day. */
  readonly refund: (paidDay: number, changes?: Partial<Refund>) => Refund
  readonly reinstatement: (paidDay: number) => Reinstatement
}

export function newSubscription(order: string = `order-${crypto.randomUUID()}`): Subscription {
  const name = `sub-${order}`
  const paymentOn = (paidDay: number) => (paidDay === 0 ? order : `${order}/${paidDay}`)
  const period = (paidDay: number, endDay: number | undefined): PaidPeriod => ({
    subscription: name,
    payment: paymentOn(paidDay),
    paidAt: day(paidDay),
    ...(endDay !== undefined && { endsAt: day(endDay) }),
  })
  const report = (atDay: number, changes: Partial<Report>): SubscriptionReport => ({
    kind: 'report',
    report: { subscription: name, occurredAt: day(atDay), ...changes },
  })
  return {
    order,
    name,
    purchase: (offer, endDay, changes = {}) =>
      purchaseOf(offer, order, { references: [name], period: period(0, endDay), ...changes }),
    renewal: (paidDay, endDay, changes = {}) => ({
      kind: 'renewal',
      period: { ...period(paidDay, endDay), ...changes },
    }),
    report,
    ended: (atDay) => report(atDay, { endedAt: day(atDay) }),
    refund: (paidDay, changes = {}) => ({
      kind: 'refund',
      id: `refund-${paymentOn(paidDay)}`,
      order: paymentOn(paidDay),
      occurredAt: day(paidDay),
      phase: 'beginning',
      ...changes,
    }),
    reinstatement: (paidDay) => ({
      kind: 'reinstatement',
      id: `refund-${paymentOn(paidDay)}`,
      order: paymentOn(paidDay),
      occurredAt: day(paidDay) + 1,
      phase: 'end',
    }),
  }
}

/** Until which day each key of an order is valid. null: its validity in days counts. */
export async function expiryDaysOf(order: string): Promise<(number | null)[]> {
  const { results } = await env.DB.prepare(
    `select license_keys.expires_at as expiresAt from order_lines join license_keys using (issuance_id)
     where order_id = ? order by license_keys.id`,
  )
    .bind(order)
    .all<{ expiresAt: number | null }>()
  return results.map(({ expiresAt }) => (expiresAt === null ? null : (expiresAt - START) / DAY_MILLISECONDS))
}
