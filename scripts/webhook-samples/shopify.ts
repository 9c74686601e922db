/** Shopify's events, as of the REST Admin API 2026-10. The external id is a variant id. All ids are numbers. */
import {
  eventOf,
  hmacBase64,
  isoTime,
  nowOf,
  numberOrText,
  ownerOf,
  type ProviderSamples,
  quantityOf,
  type SampleEvent,
  type SampleLine,
  type SampleOrder,
} from './sample.ts'

export const shopifySamples: ProviderSamples = {
  provider: 'shopify',
  secret: 'keyseal-demo-shopify-0001',
  sign: async ({ id, body }, secret) => ({
    'Content-Type': 'application/json',
    'X-Shopify-Topic': topicOf(body),
    'X-Shopify-Webhook-Id': id,
    'X-Shopify-Hmac-Sha256': await hmacBase64(secret, body),
  }),
  orderName: ({ order }) => order,
  purchase: (o) => purchaseOfLines(o, [{ externalId: o.externalId, quantity: quantityOf(o) }]),
  purchaseOfLines,
  refund: (o) => event(o, order(o, [lineItem(o, firstLine(o), 0)], { financial_status: 'refunded' })),
  partialRefund: (o) => event(o, refund(o, [], '10.00')),
  lineRefund: (o) => event(o, refund(o, [{ id: 1, line_item_id: lineId(o, 0), quantity: 1 }], '49.00')),
  disputeOpened: (o) => event(o, dispute(o, 'needs_response', null)),
  disputeWon: (o) => event(o, dispute(o, 'won', isoTime(nowOf(o)))),
  disputeLost: (o) => event(o, dispute(o, 'lost', isoTime(nowOf(o)))),
  unknown: () => event({ order: '1', externalId: '1' }, { id: 1, title: 'Pro', variants: [] }),
}

function topicOf(body: string): string {
  if (body.includes('"refund_line_items"')) return 'refunds/create'
  if (body.includes('"initiated_at"')) return 'disputes/update'
  return body.includes('"financial_status":"paid"') ? 'orders/paid' : 'orders/updated'
}

function event(o: SampleOrder, body: object): SampleEvent {
  return eventOf(o.eventId ?? crypto.randomUUID(), body)
}

function firstLine(o: SampleOrder): SampleLine {
  return { externalId: o.externalId, quantity: quantityOf(o) }
}

function purchaseOfLines(o: SampleOrder, lines: readonly SampleLine[]): SampleEvent {
  const items = lines.map((line, index) => lineItem(o, line, index))
  return event(o, order(o, items, { financial_status: 'paid' }))
}

/** Different in each order, and the same in each event of an order. */
function lineId({ order: name }: SampleOrder, index: number): number | string {
  return numberOrText(`${name}${index + 1}`)
}

function lineItem(o: SampleOrder, { externalId, quantity }: SampleLine, index: number): object {
  return {
    id: lineId(o, index),
    product_id: 700_001,
    variant_id: numberOrText(externalId),
    sku: 'PRO',
    title: 'Pro',
    quantity,
    current_quantity: quantity,
    price: '49.00',
    properties: [],
  }
}

function order(o: SampleOrder, items: readonly object[], changes: object): object {
  const owner = ownerOf(o)
  const [firstName = null, ...lastNames] = owner.name?.split(' ') ?? []
  return {
    id: numberOrText(o.order),
    name: `#${o.order}`,
    email: owner.email,
    contact_email: owner.email,
    test: o.isTest === true,
    created_at: isoTime(nowOf(o)),
    updated_at: isoTime(nowOf(o)),
    cancelled_at: null,
    currency: 'EUR',
    presentment_currency: 'EUR',
    total_price: '49.00',
    customer: { id: 1, first_name: firstName, last_name: lastNames.join(' ') || null },
    billing_address: { name: owner.name, country: 'United Kingdom' },
    line_items: items,
    refunds: [],
    ...changes,
  }
}

function refund(o: SampleOrder, lines: readonly object[], amount: string): object {
  const transaction = { id: 1, kind: 'refund', status: 'success', amount, currency: 'EUR', test: false }
  return {
    id: numberOrText(`${o.order}9`),
    order_id: numberOrText(o.order),
    created_at: isoTime(nowOf(o)),
    note: null,
    refund_line_items: lines,
    transactions: [{ ...transaction, test: o.isTest === true }],
  }
}

function dispute(o: SampleOrder, status: string, finalizedOn: string | null): object {
  return {
    id: numberOrText(`${o.order}8`),
    order_id: numberOrText(o.order),
    type: 'chargeback',
    amount: '49.00',
    currency: 'EUR',
    reason: 'fraudulent',
    status,
    evidence_due_by: null,
    evidence_sent_on: null,
    finalized_on: finalizedOn,
    initiated_at: isoTime(nowOf(o)),
  }
}
