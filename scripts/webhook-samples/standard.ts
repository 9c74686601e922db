/** Events of shops that use Standard Webhooks, in the format of src/payments/providers/standard/index.ts. */
import {
  eventOf,
  freshId,
  isoTime,
  nowOf,
  ownerOf,
  type ProviderSamples,
  periodStart,
  quantityOf,
  type SampleEvent,
  type SampleLine,
  type SampleOrder,
  standardHeaders,
  trialEnd,
} from './sample.ts'

export const standardSamples: ProviderSamples = {
  provider: 'standard',
  secret: `whsec_${btoa('keyseal demo secret of a shop 001')}`,
  sign: standardHeaders,
  orderName: ({ order }) => order,
  purchase: (o) => purchase(o),
  purchaseOfLines: (o, lines) => purchaseOfLines(o, lines),
  refund: (o) => event(o, 'order.refunded', { order: paymentOf(o), refund: 'r1' }),
  lineRefund: (o) => event(o, 'order.refunded', { refund: 'r1', lines: [{ id: '1', quantity: 1 }] }),
  refundFailed: (o) => event(o, 'refund.reversed', { refund: 'r1' }),
  disputeOpened: (o) => event(o, 'order.disputed', { dispute: 'd1' }),
  disputeWon: (o) => event(o, 'dispute.won', { dispute: 'd1' }),
  disputeLost: (o) => event(o, 'dispute.lost', { dispute: 'd1' }),
  renewal: (o) => {
    const period = o.period ?? 1
    return event(o, 'order.renewed', { order: paymentOf({ ...o, period }), ...periodOf(o, period) })
  },
  trial: (o) => purchase(o, isoTime(trialEnd())),
  planChange: (o, { externalId, quantity }) =>
    event(o, 'subscription.changed', {
      subscription: subscriptionName(o),
      lines: [{ product: externalId, quantity }],
    }),
  ended: (o) =>
    event(o, 'subscription.ended', { subscription: subscriptionName(o), ended_at: isoTime(nowOf(o)) }),
  unknown: () => event({ order: '0', externalId: '' }, 'sample.unheard_of', {}),
}

function purchase(o: SampleOrder, paidUntil?: string): SampleEvent {
  return purchaseOfLines(o, [{ externalId: o.externalId, quantity: quantityOf(o) }], paidUntil)
}

/** @param paidUntil default: the end of the first period */
function purchaseOfLines(o: SampleOrder, lines: readonly SampleLine[], paidUntil?: string): SampleEvent {
  return event(o, 'order.paid', {
    owner: ownerOf(o),
    lines: lines.map(({ externalId, quantity }, index) => ({
      id: String(index + 1),
      product: externalId,
      quantity,
    })),
    references: [`payment-${o.order}`],
    ...(o.subscription !== undefined && periodOf(o, 0)),
    ...(paidUntil !== undefined && { paid_until: paidUntil }),
  })
}

function event(o: SampleOrder, type: string, data: object): SampleEvent {
  return eventOf(o.eventId ?? freshId('msg'), {
    type,
    timestamp: isoTime(nowOf(o)),
    data: { order: o.order, test: o.isTest === true, ...data },
  })
}

/** The order that paid for a period. */
function paymentOf({ order, period }: SampleOrder): string {
  return period ? `${order}-${period}` : order
}

function subscriptionName({ subscription, order }: SampleOrder): string {
  return `subscription-${subscription ?? order}`
}

function periodOf(o: SampleOrder, period: number): object {
  return {
    subscription: subscriptionName(o),
    period: `period-${period}`,
    paid_at: isoTime(periodStart(period)),
    paid_until: isoTime(periodStart(period + 1)),
  }
}
