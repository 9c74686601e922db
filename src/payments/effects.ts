/**
 * What each kind of payment event does: the names that it adds, the facts that it writes, and the outcome that
 * is recorded. fulfill.ts runs it in one batch.
 */
import type { Statement } from '../db/batch.ts'
import { ADOPT, adoptionValues } from './adopt.ts'
import {
  recordNotice,
  recordOrderState,
  recordRefund,
  recordReinstatement,
  recordRenewal,
  recordRenewalState,
  recordReport,
  recordSale,
  recordSubscriptionSale,
} from './outcomes.ts'
import {
  isName,
  type Notice,
  type OrderedByApi,
  type PaidPeriod,
  type PaymentEvent,
  type Purchase,
  type Refund,
  type Reinstatement,
  type Renewal,
  type Report,
  type SubscriptionReport,
} from './payment-event.ts'
import { named, namesOfPayment, type Reference, referencesOf } from './references.ts'
import { checkLines, INSERT_KEYS, INSERT_ORDER, ownerOf, setFirstValidity } from './sale.ts'
import { keepTermsAsIssued, upsertReversal } from './settle.ts'
import {
  insertOtherPeriods,
  insertPeriod,
  insertReport,
  periodValues,
  reportValues,
} from './subscriptions.ts'

export interface Sources {
  /** Milliseconds UTC. */
  readonly now: number
  readonly newLicenseKey: () => string
}

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

/** @returns the effects. An unusable event is only recorded as failed */
export async function effectsOf(event: PaymentEvent, sources: Sources): Promise<Effects> {
  const unusable = unusableName(event)
  if (unusable !== undefined)
    return effectsOfNotice({
      kind: 'failed',
      note: `the name of ${unusable} is not 1 to 255 usable characters long`,
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

/** @returns the object whose name does not have 1 to 255 characters that the database can store */
function unusableName(event: PaymentEvent): string | undefined {
  if ('order' in event && event.order !== undefined && !isName(event.order)) return 'the order'
  const reversal = 'reversal' in event ? event.reversal : 'id' in event ? event : undefined
  if (reversal && ![reversal.id, reversal.order].every(isName)) return 'the refund or dispute'
  return subscriptionNames(event).every(isName) ? undefined : 'the subscription, its payment or its period'
}

function subscriptionNames(event: PaymentEvent): string[] {
  const periods = [
    ...('period' in event && event.period ? [event.period] : []),
    ...(('otherPeriods' in event && event.otherPeriods) || []),
  ]
  return [
    ...periods.flatMap(({ subscription, payment, name = payment }) => [subscription, payment, name]),
    ...('report' in event && event.report ? [event.report.subscription] : []),
  ]
}

async function effectsOfPurchase(purchase: Purchase, { newLicenseKey }: Sources): Promise<Effects> {
  const checked = await checkLines(purchase, newLicenseKey)
  const { order, period, otherPeriods = [], report, amount, reversal, orderedByApi } = purchase
  if (checked.kind === 'unusable') {
    return { ...effectsOfNotice({ kind: 'failed', note: checked.reason }), order }
  }
  const subscribed = effectsOfSubscription(period, report)
  const isSubscription = subscribed.facts.length > 0
  const reversed = effectsOfState(reversal)
  const adopted = effectsOfAdoption(orderedByApi)
  const references = [...referencesOf(purchase), ...(period ? [period.payment] : [])]
  return {
    order,
    references: [...named(order, references, amount), ...namesOfPayment(period, amount)],
    names: [...references, ...subscribed.names],
    facts: [
      ...subscribed.facts,
      ...(otherPeriods.length > 0 ? [insertOtherPeriods] : []),
      ...reversed.facts,
      ...adopted.facts,
      ...INSERT_ORDER,
    ],
    sale: [...subscribed.keepTerms, setFirstValidity, ...INSERT_KEYS],
    values: {
      ...ownerOf(purchase),
      ...subscribed.values,
      ...reversed.values,
      ...adopted.values,
      otherPeriods: JSON.stringify(otherPeriods),
      lines: JSON.stringify(checked.lines),
      rejected: checked.rejected,
      freshKeys: JSON.stringify(checked.freshKeys),
    },
    recording: reversal ? recordOrderState : isSubscription ? recordSubscriptionSale : recordSale,
  }
}

function effectsOfReversal(reversal: Refund | Reinstatement): Effects {
  const adopted = effectsOfAdoption(reversal.kind === 'refund' ? reversal.orderedByApi : undefined)
  const reversed = effectsOfState(reversal)
  return {
    order: reversal.order,
    references: [],
    names: [reversal.order],
    facts: [...adopted.facts, ...reversed.facts],
    values: { ...adopted.values, ...reversed.values },
    recording: reversal.kind === 'refund' ? recordRefund : recordReinstatement,
  }
}

/** The state of a refund or dispute. */
function effectsOfState(reversal: Refund | Reinstatement | undefined) {
  if (reversal === undefined) return { facts: [], values: {} }
  const { lines, amount } = reversal.kind === 'refund' ? reversal : {}
  return {
    facts: [upsertReversal],
    values: {
      reversal: reversal.id,
      reversedOrder: reversal.order,
      reversedLines: lines === undefined ? null : JSON.stringify(lines),
      reversedAmount: amount ?? null,
      isActive: reversal.kind === 'refund' ? 1 : 0,
      reversedAt: reversal.occurredAt,
      phase: reversal.phase === 'end' ? 1 : 0,
    },
  }
}

/** The keys that a shop's plugin ordered become lines of the order, before its sale is written. */
function effectsOfAdoption(orderedByApi: OrderedByApi | undefined) {
  const values = orderedByApi && adoptionValues(orderedByApi)
  return values ? { facts: ADOPT, values } : { facts: [], values: {} }
}

function effectsOfRenewal({ period, references = [], sale, report, amount, reversal }: Renewal): Effects {
  const subscribed = effectsOfSubscription(period, report)
  const reversed = effectsOfState(reversal)
  return {
    order: period.payment,
    references: [
      ...named(period.payment, [period.payment, ...references], amount),
      ...(sale === undefined ? [] : named(sale, [sale, period.payment], amount)),
    ],
    names: [period.payment, ...references.filter(isName), ...subscribed.names],
    facts: [...subscribed.facts, ...reversed.facts],
    sale: subscribed.keepTerms,
    values: { ...subscribed.values, ...reversed.values },
    recording: reversal ? recordRenewalState : recordRenewal,
  }
}

function effectsOfReport({ report, period, ...order }: SubscriptionReport): Effects {
  const subscribed = effectsOfSubscription(period, report)
  const references = referencesOf(order)
  return {
    order: order.order ?? report.subscription,
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

/** The facts of an event about a subscription. A plan may change keys of earlier sales. */
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
