/**
 * What the events of one order mean, computed from the set of events alone and without a database. The model
 * test compares the stored state with it.
 */
import type {
  PaidPeriod,
  PaymentEvent,
  Purchase,
  Refund,
  Reinstatement,
  Report,
  SubscribedItem,
} from '../../src/payments/payment-event.ts'

const DAY = 86_400_000

export interface ModelOffer {
  readonly provider: string
  readonly externalId: string
  readonly productId: number
  readonly mode: 'key-per-unit' | 'seats'
  readonly keysPerUnit: number
  readonly validityDays: number
  readonly graceDays: number
  readonly activationLimit: number
}

export interface ModelKey {
  readonly line: string
  readonly status: 'assigned' | 'blocked'
  readonly expiresAt: number | null
  readonly activationLimit: number
  readonly productId: number
}

interface Span {
  readonly paidAt: number
  readonly endsAt: number | undefined
  readonly name: string
}

/** The keys of the order, in the order in which they were issued. */
export function keysAfter(events: readonly PaymentEvent[], offers: readonly ModelOffer[]): ModelKey[] {
  const purchases = events.filter((event) => event.kind === 'purchase')
  const [purchase] = purchases.toSorted((one, other) => other.lines.length - one.lines.length)
  if (!purchase) return []
  const spans = unrefundedSpans(events, purchase.order)
  const reports = reportsOf(events)
  const recurring = purchase.lines.filter(({ isOneTime }) => !isOneTime)
  return purchase.lines.flatMap((line) => {
    const sold = offerOf(line, offers) as ModelOffer
    const units = Number(line.quantity)
    const plan = line.isOneTime ? undefined : planOf(line, recurring.length === 1, reports, offers)
    const current = plan?.offer ?? sold
    const seats = sold.mode === 'seats' ? (plan?.units ?? units) : 1
    const reversed = Math.min(
      units,
      reversedUnits(events, purchase, line.id, units, line.isOneTime ? [] : spans),
    )
    const quantity = sold.mode === 'seats' ? 1 : units * sold.keysPerUnit
    const blocked = Math.floor((reversed * quantity) / units)
    const expiresAt = line.isOneTime ? null : expiryOf(spans, reports, sold)
    return Array.from({ length: quantity }, (_, index) => ({
      line: line.id,
      status: index >= quantity - blocked ? ('blocked' as const) : ('assigned' as const),
      expiresAt,
      activationLimit: seats * current.activationLimit,
      productId: current.productId,
    }))
  })
}

function offerOf({ externalIds }: Pick<SubscribedItem, 'externalIds'>, offers: readonly ModelOffer[]) {
  return offers.find(({ externalId }) => externalIds.includes(externalId))
}

function planOf(
  line: Purchase['lines'][number],
  isOnlyLine: boolean,
  reports: readonly Report[],
  offers: readonly ModelOffer[],
): { offer: ModelOffer; units: number } | undefined {
  const candidates = reports
    .toSorted((one, other) => other.occurredAt - one.occurredAt)
    .map(({ items = [] }) => {
      const same = items.find((item) => offerOf(item, offers) === offerOf(line, offers))
      return same ?? (isOnlyLine ? items.find((item) => offerOf(item, offers)) : undefined)
    })
  const item = candidates.find((candidate) => candidate !== undefined)
  const offer = item && offerOf(item, offers)
  return offer && { offer, units: Number(item.quantity ?? line.quantity) }
}

/** The latest state of each refund and dispute. */
function activeRefunds(events: readonly PaymentEvent[]): Refund[] {
  const latest = new Map<string, Refund | Reinstatement>()
  for (const event of events) {
    if (event.kind !== 'refund' && event.kind !== 'reinstatement') continue
    const known = latest.get(event.id)
    const isLater = !known || rankOf(event) > rankOf(known)
    if (isLater) latest.set(event.id, event)
  }
  return [...latest.values()].filter((event) => event.kind === 'refund')
}

/** Later events rank higher, and the end of a refund ranks above its beginning. */
function rankOf({ occurredAt, phase }: Refund | Reinstatement): number {
  return occurredAt * 2 + (phase === 'end' ? 1 : 0)
}

/** The refunds of everything that was paid under one of the names. */
function wholeRefunds(events: readonly PaymentEvent[], names: ReadonlySet<string>): Refund[] {
  const refunds = activeRefunds(events)
  return refunds.filter(({ order, lines, amount }) => {
    if (!names.has(order)) return false
    if (amount === undefined) return !lines
    const parts = refunds
      .filter((part) => part.order === order)
      .reduce((sum, part) => sum + (part.amount ?? 0), 0)
    return events.some((event) => 'amount' in event && paidUnder(event, order) <= parts)
  })
}

function paidUnder(event: PaymentEvent, name: string): number {
  if (event.kind !== 'purchase' && event.kind !== 'renewal') return Number.POSITIVE_INFINITY
  return event.amount?.payment === name ? event.amount.amount : Number.POSITIVE_INFINITY
}

/** All names of an order or of a payment. */
function namesOf(events: readonly PaymentEvent[], order: string): Set<string> {
  const naming = events.filter((event) => orderNamedBy(event) === order)
  return new Set([order, ...naming.flatMap((event) => ('references' in event && event.references) || [])])
}

/** Refunds only use names. */
function orderNamedBy(event: PaymentEvent): string | undefined {
  if (event.kind === 'renewal') return event.period.payment
  return event.kind === 'refund' || event.kind === 'reinstatement' ? undefined : event.order
}

function periodsOf(events: readonly PaymentEvent[]): PaidPeriod[] {
  return events.flatMap((event) => ('period' in event && event.period ? [event.period] : []))
}

function reportsOf(events: readonly PaymentEvent[]): Report[] {
  return events.flatMap((event) => ('report' in event && event.report ? [event.report] : []))
}

/** The end that was reported next after a payment, or else the earliest one that was reported before it. */
function nextReportedEnd(reports: readonly Report[], paidAt: number): number | undefined {
  const usable = reports.filter(({ paidUntil = 0 }) => paidUntil > paidAt + DAY / 2)
  const isLater = ({ occurredAt }: Report) => occurredAt >= paidAt - DAY / 2
  const [next] = usable
    .filter(isLater)
    .toSorted(
      (one, other) => one.occurredAt - other.occurredAt || Number(one.paidUntil) - Number(other.paidUntil),
    )
  const earlier = usable.filter((report) => !isLater(report)).flatMap(({ paidUntil }) => paidUntil ?? [])
  return next?.paidUntil ?? (earlier.length > 0 ? Math.min(...earlier) : undefined)
}

function unrefundedSpans(events: readonly PaymentEvent[], order: string): Span[] {
  const reports = reportsOf(events)
  const byPayment = Map.groupBy(periodsOf(events), ({ payment }) => payment)
  const payments = [...byPayment].map(([payment, periods]) => {
    const paidAt = Math.min(...periods.map((period) => period.paidAt))
    const told = periods.flatMap(({ endsAt }) => endsAt ?? [])
    const endsAt = told.length > 0 ? Math.max(...told) : nextReportedEnd(reports, paidAt)
    const names = namesOf(events, payment)
    if (payment === order) names.add(order)
    const isRefunded = wholeRefunds(events, names).length > 0
    return { paidAt, endsAt, name: periods[0]?.name ?? payment, isRefunded }
  })
  const refundedEnds = new Set(payments.flatMap(({ isRefunded, endsAt }) => (isRefunded ? [endsAt] : [])))
  const byName = Map.groupBy(
    payments.filter(({ isRefunded }) => !isRefunded),
    ({ name }) => name,
  )
  const paid = [...byName].map(([name, same]): Span => {
    const ends = same.flatMap(({ endsAt }) => endsAt ?? [])
    const endsAt = ends.length > 0 ? Math.max(...ends) : undefined
    return { name, paidAt: Math.min(...same.map(({ paidAt }) => paidAt)), endsAt }
  })
  const told = reports.flatMap(({ paidUntil, occurredAt }): Span[] =>
    paidUntil === undefined || refundedEnds.has(paidUntil)
      ? []
      : [{ paidAt: occurredAt, endsAt: paidUntil, name: '' }],
  )
  return [...paid, ...told]
}

function expiryOf(spans: readonly Span[], reports: readonly Report[], offer: ModelOffer): number | null {
  const inOrder = spans.toSorted(
    (one, other) =>
      one.paidAt - other.paidAt ||
      (one.endsAt ?? 0) - (other.endsAt ?? 0) ||
      (one.name < other.name ? -1 : 1),
  )
  let paidUntil = 0
  let expiresAt = 0
  for (const { paidAt, endsAt } of inOrder) {
    const untold =
      offer.validityDays === 0 ? Infinity : Math.max(paidAt, paidUntil) + offer.validityDays * DAY
    const end = endsAt ?? untold
    const endings = reports.flatMap(({ endedAt }) => endedAt ?? []).filter((endedAt) => endedAt >= paidAt)
    const cut = Math.min(...endings, Infinity)
    paidUntil = Math.max(paidUntil, Math.min(end, cut))
    expiresAt = Math.max(expiresAt, Math.min(end + offer.graceDays * DAY, cut))
  }
  return expiresAt === 0 || expiresAt === Infinity ? null : expiresAt
}

/** The reversed units of a line. A refund of a payment leaves what other payments paid for. */
function reversedUnits(
  events: readonly PaymentEvent[],
  { order }: Purchase,
  line: string,
  units: number,
  spans: readonly Span[],
): number {
  const names = namesOf(events, order)
  const whole = wholeRefunds(events, names)
  const listed = activeRefunds(events)
    .filter((refund) => names.has(refund.order) && !whole.includes(refund))
    .flatMap(({ lines = [] }) => lines)
    .filter(({ id }) => id === line)
    .reduce((sum, { quantity = units }) => sum + quantity, 0)
  return listed + (spans.length === 0 ? whole.length * units : 0)
}
