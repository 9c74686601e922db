/**
 * What each kind of payment event does: the names that it adds, the facts that it writes, and the outcome that
 * is recorded. fulfill.ts runs it in one batch.
 */
import type { Statement } from '../db/batch.ts'
import { recordEvent } from './events.ts'
import {
  type Amount,
  isName,
  type Notice,
  type PaidPeriod,
  type PaymentEvent,
  type Purchase,
  type Refund,
  type Reinstatement,
  type Renewal,
  type Report,
  type SubscriptionReport,
} from './payment-event.ts'
import {
  checkLines,
  INSERT_KEYS,
  INSERT_ORDER,
  ownerOf,
  SALE_NOTE,
  SALE_OUTCOME,
  tellValidity,
} from './sale.ts'
import {
  HAS_SETTLED,
  keepTermsAsIssued,
  REFUND_OUTCOME,
  REINSTATEMENT_OUTCOME,
  REVERSAL_NOTE,
  upsertReversal,
} from './settle.ts'
import {
  IS_NEW_PERIOD,
  IS_NEW_REPORT,
  IS_REPORTED_KNOWN,
  insertPeriod,
  insertReport,
  PLAN_FAULT,
  periodValues,
  reportValues,
} from './subscriptions.ts'

export interface Sources {
  /** Milliseconds UTC. */
  readonly now: number
  readonly newLicenseKey: () => string
}

/** A name of an order or of a payment, and what was paid under it. */
export type Reference = readonly [reference: string, order: string, amount: number | null]

export interface Effects {
  readonly order: string | null
  readonly references: readonly Reference[]
  /** The names of all orders, payments and subscriptions to settle. */
  readonly names: readonly string[]
  readonly facts: readonly Statement<never>[]
  /** Uses the derived state of the lines. Runs before the keys are settled. */
  readonly sale?: readonly Statement<never>[]
  readonly values: Readonly<Record<string, unknown>>
  /** Records the event. Runs last. */
  readonly recording: Statement<never>
}

const recordSale = recordEvent(SALE_OUTCOME, SALE_NOTE)
/** A sale that was issued before may still change the plan of its subscription. */
const recordSubscriptionSale = recordEvent(
  `(select case when outcome <> 'duplicate' then outcome when ${PLAN_FAULT} is not null then 'flagged'
    when ${HAS_SETTLED} then 'changed' else outcome end from (select ${SALE_OUTCOME} as outcome))`,
  `coalesce(${SALE_NOTE}, ${PLAN_FAULT})`,
)
const recordRefund = recordEvent(REFUND_OUTCOME, REVERSAL_NOTE)
const recordReinstatement = recordEvent(REINSTATEMENT_OUTCOME, REVERSAL_NOTE)
const recordRenewal = recordEvent(
  `case when ${PLAN_FAULT} is not null then 'flagged' when ${IS_NEW_PERIOD} then 'renewed' else 'duplicate' end`,
  `coalesce(${PLAN_FAULT}, case when not ${IS_REPORTED_KNOWN} then 'unknown subscription' end)`,
)
const recordReport = recordEvent(
  `case when ${PLAN_FAULT} is not null then 'flagged' when ${HAS_SETTLED} then 'changed'
    when ${IS_NEW_REPORT} then 'ignored' else 'duplicate' end`,
  `coalesce(${PLAN_FAULT}, case when not ${IS_REPORTED_KNOWN} then 'unknown subscription'
    when not ${HAS_SETTLED} and ${IS_NEW_REPORT} then 'changes no license key' end)`,
)
const recordNotice = recordEvent(':outcome', ':note')

/** @returns the effects. An unusable event is only recorded as failed */
export async function effectsOf(event: PaymentEvent, sources: Sources): Promise<Effects> {
  const unusable = unusableName(event)
  if (unusable !== undefined)
    return effectsOfNotice({
      kind: 'failed',
      note: `the name of ${unusable} is not 1 to 255 characters long`,
    })
  switch (event.kind) {
    case 'purchase':
      return effectsOfPurchase(event, sources)
    case 'refund':
    case 'reinstatement':
      return effectsOfReversal(event)
    case 'renewal':
      return effectsOfRenewal(event)
    case 'report':
      return effectsOfReport(event)
    default:
      return effectsOfNotice(event)
  }
}

/** @returns the object whose name does not have the 1 to 255 characters that the database allows */
function unusableName(event: PaymentEvent): string | undefined {
  if ('order' in event && event.order !== undefined && !isName(event.order)) return 'the order'
  if ('id' in event && !isName(event.id)) return 'the refund or dispute'
  const { subscription, payment, name = payment } = ('period' in event && event.period) || NAMED
  const reported = 'report' in event && event.report ? event.report.subscription : subscription
  return [subscription, payment, name, reported].every(isName)
    ? undefined
    : 'the subscription, its payment or its period'
}

const NAMED: Pick<PaidPeriod, 'subscription' | 'payment' | 'name'> = { subscription: '-', payment: '-' }

async function effectsOfPurchase(purchase: Purchase, { newLicenseKey }: Sources): Promise<Effects> {
  const checked = await checkLines(purchase, newLicenseKey)
  const { order, period, report, amount } = purchase
  if (checked.kind === 'unusable') {
    return { ...effectsOfNotice({ kind: 'failed', note: checked.reason }), order }
  }
  const subscribed = effectsOfSubscription(period, report)
  const isSubscription = subscribed.facts.length > 0
  const references = [...referencesOf(purchase), ...(period ? [period.payment] : [])]
  return {
    order,
    references: [...named(order, references, amount), ...payment(period, amount)],
    names: [...references, ...subscribed.names],
    facts: [...subscribed.facts, ...INSERT_ORDER],
    sale: [...subscribed.keepTerms, ...(isSubscription ? [tellValidity] : []), ...INSERT_KEYS],
    values: {
      ...ownerOf(purchase),
      ...subscribed.values,
      lines: JSON.stringify(checked.lines),
      rejected: checked.rejected,
      freshKeys: JSON.stringify(checked.freshKeys),
    },
    recording: isSubscription ? recordSubscriptionSale : recordSale,
  }
}

function effectsOfReversal(reversal: Refund | Reinstatement): Effects {
  const isRefund = reversal.kind === 'refund'
  return {
    order: reversal.order,
    references: [],
    names: [reversal.order],
    facts: [upsertReversal],
    values: {
      reversal: reversal.id,
      lines: isRefund && reversal.lines ? JSON.stringify(reversal.lines) : null,
      amount: isRefund ? (reversal.amount ?? null) : null,
      isActive: isRefund ? 1 : 0,
      occurredAt: reversal.occurredAt,
      phase: reversal.phase === 'end' ? 1 : 0,
    },
    recording: isRefund ? recordRefund : recordReinstatement,
  }
}

function effectsOfRenewal({ period, references = [], sale, report, amount }: Renewal): Effects {
  const subscribed = effectsOfSubscription(period, report)
  return {
    order: period.payment,
    references: [
      ...named(period.payment, [period.payment, ...references], amount),
      ...(sale === undefined ? [] : named(sale, [sale, period.payment], amount)),
    ],
    names: [period.payment, ...references.filter(isName), ...subscribed.names],
    facts: subscribed.facts,
    sale: subscribed.keepTerms,
    values: subscribed.values,
    recording: recordRenewal,
  }
}

function effectsOfReport({ report, period, ...order }: SubscriptionReport): Effects {
  const subscribed = effectsOfSubscription(period, report)
  const references = referencesOf(order)
  return {
    order: order.order ?? null,
    references: order.order === undefined ? [] : named(order.order, references),
    names: [...references, ...subscribed.names],
    facts: subscribed.facts,
    sale: subscribed.keepTerms,
    values: subscribed.values,
    recording: recordReport,
  }
}

function effectsOfNotice(notice: Notice): Effects {
  const references = referencesOf(notice)
  // A failed event only names its order: its names may be wrong.
  const isUsable = notice.order !== undefined && notice.kind !== 'failed'
  return {
    order: notice.order ?? null,
    references: isUsable ? named(notice.order, references) : [],
    names: references,
    facts: [],
    values: { outcome: notice.kind, note: notice.note },
    recording: recordNotice,
  }
}

const NO_REPORT = { occurredAt: null, report: null, items: null }

/** The facts of an event about a subscription. A plan may change keys that were told earlier. */
function effectsOfSubscription(period: PaidPeriod | undefined, report: Report | undefined) {
  return {
    names: [...(period ? [period.subscription] : []), ...(report ? [report.subscription] : [])],
    facts: [...(period ? [insertPeriod] : []), ...(report ? [insertReport] : [])],
    keepTerms: report?.items ? [keepTermsAsIssued] : [],
    values: {
      ...(period && periodValues(period)),
      ...(report ? reportValues(report) : { ...NO_REPORT, reported: period?.subscription ?? null }),
    },
  }
}

/** The order's own name and those that the event adds. */
function referencesOf({ order, references = [] }: Pick<Notice, 'order' | 'references'>): string[] {
  return order === undefined ? [] : [order, ...references.filter(isName)]
}

function named(order: string, references: readonly string[], amount?: Amount): Reference[] {
  return references
    .filter(isName)
    .map((reference) => [reference, order, amount?.payment === reference ? amount.amount : null])
}

/** A payment is also a name of itself, by which its refund finds the period. */
function payment(period: PaidPeriod | undefined, amount?: Amount): Reference[] {
  return period ? named(period.payment, [period.payment], amount) : []
}
