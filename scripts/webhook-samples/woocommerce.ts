/** WooCommerce's events, as of its REST API v3. The external id is a product id. All ids are numbers. */
import {
  eventOf,
  freshId,
  hmacBase64,
  isoTime,
  nowOf,
  numberOrText,
  ownerOf,
  type ProviderSamples,
  periodStart,
  quantityOf,
  type SampleEvent,
  type SampleLine,
  type SampleOrder,
  trialEnd,
} from './sample.ts'

export const woocommerceSamples: ProviderSamples = {
  provider: 'woocommerce',
  secret: 'keyseal-demo-woocommerce-&amp;-0001',
  sign: async ({ body }, secret) => ({
    'Content-Type': 'application/json',
    'X-WC-Webhook-Topic': body.includes('"billing_period"') ? 'subscription.updated' : 'order.updated',
    'X-WC-Webhook-Signature': await hmacBase64(secret.replaceAll('&amp;', '&'), body),
  }),
  orderName: ({ order }) => order,
  purchase: (o) => purchaseOfLines(o, [firstLine(o)]),
  purchaseOfLines,
  relatedEvents: (o) => (o.subscription === undefined ? [] : [subscriptionEvent(o, { status: 'active' })]),
  refund: (o) =>
    orderEvent(o, [firstLine(o)], {
      ...renewed(o),
      status: 'refunded',
      refunds: [{ id: 9, reason: '', total: '-49.00' }],
    }),
  partialRefund: (o) =>
    orderEvent(o, [firstLine(o)], { status: 'completed', refunds: [{ id: 9, reason: '', total: '-10.00' }] }),
  renewal: (o) => {
    const period = o.period ?? 1
    return orderEvent({ ...o, now: periodStart(period) }, [firstLine(o)], renewed({ ...o, period }))
  },
  hasOrderBesideTrial: true,
  trial: (o) =>
    subscriptionEvent(o, {
      status: 'active',
      trial_end_date_gmt: utc(trialEnd()),
      next_payment_date_gmt: utc(trialEnd()),
    }),
  planChange: (o, to) =>
    subscriptionEvent({ ...o, externalId: to.externalId, quantity: to.quantity }, { status: 'active' }),
  ended: (o) =>
    subscriptionEvent(o, { status: 'cancelled', next_payment_date_gmt: '', end_date_gmt: utc(nowOf(o)) }),
  unknown: () => eventOf(freshId('event'), { id: 1, name: 'Pro', type: 'simple', status: 'publish' }),
}

function firstLine(o: SampleOrder): SampleLine {
  return { externalId: o.externalId, quantity: quantityOf(o) }
}

function purchaseOfLines(o: SampleOrder, lines: readonly SampleLine[]): SampleEvent {
  return orderEvent(o, lines, {})
}

/** In UTC without a time zone and milliseconds, as WooCommerce sends it. */
function utc(ms: number): string {
  return isoTime(ms).slice(0, 19)
}

function subscriptionName({ subscription, order }: SampleOrder): string {
  return subscription ?? `${order}7`
}

/** What a renewal order changes: each later period has an order of its own. */
function renewed(o: SampleOrder): object {
  if (!o.period) return {}
  return {
    id: numberOrText(`${o.order}0${o.period}`),
    created_via: 'subscription',
    meta_data: [{ id: 1, key: '_subscription_renewal', value: subscriptionName(o) }],
  }
}

/** Events have no id, so a distinct key makes each body unique. */
function orderEvent(o: SampleOrder, lines: readonly SampleLine[], changes: object): SampleEvent {
  const id = o.eventId ?? freshId('event')
  const owner = ownerOf(o)
  const [firstName = '', ...lastNames] = owner.name?.split(' ') ?? []
  return eventOf(id, {
    id: numberOrText(o.order),
    parent_id: 0,
    number: o.order,
    order_key: `wc_order_${id}`,
    status: 'processing',
    currency: 'EUR',
    total: '49.00',
    created_via: 'checkout',
    date_created_gmt: utc(nowOf(o)),
    date_modified_gmt: utc(nowOf(o)),
    date_paid_gmt: utc(nowOf(o)),
    billing: { first_name: firstName, last_name: lastNames.join(' '), company: '', email: owner.email ?? '' },
    line_items: lines.map(({ externalId, quantity }, index) => ({
      id: numberOrText(`${o.order}${index + 1}`),
      name: 'Pro',
      product_id: numberOrText(externalId),
      variation_id: 0,
      quantity,
      sku: 'PRO',
      total: '49.00',
      meta_data: [],
    })),
    refunds: [],
    meta_data: [],
    ...changes,
  })
}

function subscriptionEvent(o: SampleOrder, changes: object): SampleEvent {
  const id = o.eventId ?? freshId('event')
  return eventOf(id, {
    id: numberOrText(subscriptionName(o)),
    parent_id: numberOrText(o.order),
    order_key: `wc_order_${id}`,
    billing_period: 'month',
    billing_interval: '1',
    date_modified_gmt: utc(nowOf(o)),
    start_date_gmt: utc(periodStart(0)),
    trial_end_date_gmt: '',
    next_payment_date_gmt: utc(periodStart((o.period ?? 0) + 1)),
    end_date_gmt: '',
    line_items: [
      {
        id: 1,
        product_id: numberOrText(o.externalId),
        variation_id: 0,
        sku: 'PRO',
        quantity: quantityOf(o),
      },
    ],
    ...changes,
  })
}
