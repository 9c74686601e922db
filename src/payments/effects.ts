/** What each kind of happening writes: its facts, the names of the orders it touches, and how its outcome is found. */
import { compileText, type Statement } from '../db/batch.ts'
import type { IssueSources } from '../issuing/issuance.ts'
import { recordEvent } from './events.ts'
import { checkLines, isName, ownerOf } from './order-lines.ts'
import type { Happening, Notice, Purchase, Refund, Reinstatement, Renewal } from './purchase.ts'
import { REFUND_OUTCOME, REINSTATEMENT_OUTCOME, REVERSAL_NOTE, upsertReversal } from './reversal.ts'
import { INSERT_SALE, insertFirstPeriod, SALE_NOTE, SALE_OUTCOME } from './sale.ts'

export interface Effects {
  /** The order that the event is about, or null. */
  readonly order: string | null
  /** Names that the order is known by from now on. */
  readonly references: readonly string[]
  /** Names of all orders and subscriptions that are to be settled. */
  readonly names: readonly string[]
  /** Statements that write the facts, and the values of their placeholders. */
  readonly facts: readonly Statement<never>[]
  readonly values: Readonly<Record<string, unknown>>
  /** Records the event, after all else. */
  readonly record: Statement<never>
}

const insertRenewal = compileText(`
insert into renewals (provider, subscription, period, order_id, is_first, nonce)
values (:provider, :subscription, :period, :order, 0, :nonce) on conflict do nothing`)

const IS_NEW_PERIOD = `(select min(nonce = :nonce) from renewals
  where provider = :provider and subscription = :subscription and period = :period)`
const IS_SUBSCRIPTION_KNOWN = `exists (select 1 from order_references
  cross join order_lines on order_lines.provider = order_references.provider
    and order_lines.order_id = order_references.order_id
  where order_references.provider = :provider and order_references.reference = :subscription)`

const recordSale = recordEvent(SALE_OUTCOME, SALE_NOTE)
const recordRefund = recordEvent(REFUND_OUTCOME, REVERSAL_NOTE)
const recordReinstatement = recordEvent(REINSTATEMENT_OUTCOME, REVERSAL_NOTE)
const recordRenewal = recordEvent(
  `case when ${IS_NEW_PERIOD} then 'renewed' else 'duplicate' end`,
  `case when not ${IS_SUBSCRIPTION_KNOWN} then 'of a subscription that is not known yet' end`,
)
const recordNotice = recordEvent(':outcome', ':note')

/** @returns the effects; a happening that is not usable has none but to be recorded as failed */
export async function effectsOf(happening: Happening, sources: IssueSources): Promise<Effects> {
  const unusable = unusableName(happening)
  if (unusable !== undefined) return failure(`${unusable} has no usable name`)
  switch (happening.kind) {
    case 'purchase':
      return effectsOfPurchase(happening, sources)
    case 'refund':
    case 'reinstatement':
      return effectsOfReversal(happening)
    case 'renewal':
      return effectsOfRenewal(happening)
    default:
      return effectsOfNotice(happening)
  }
}

/** Names are the providers' own, but the database holds 255 characters and none that is empty. */
function unusableName(happening: Happening): string | undefined {
  if (happening.order !== undefined && !isName(happening.order)) return 'the order'
  if ('id' in happening && !isName(happening.id)) return 'the refund or dispute'
  const period = happening.kind === 'purchase' ? happening.firstPeriod : happening
  if (!period || !('subscription' in period)) return undefined
  return isName(period.subscription) && isName(period.period) ? undefined : 'the subscription or its period'
}

async function effectsOfPurchase(purchase: Purchase, sources: IssueSources): Promise<Effects> {
  const checked = await checkLines(purchase, sources)
  if (checked.kind === 'unusable') return failure(checked.reason)
  const { order, firstPeriod } = purchase
  const references = referencesOf(purchase)
  return {
    order,
    references,
    names: firstPeriod ? [...references, firstPeriod.subscription] : references,
    facts: firstPeriod ? [...INSERT_SALE, insertFirstPeriod] : INSERT_SALE,
    values: { ...ownerOf(purchase), ...firstPeriod, lines: JSON.stringify(checked.lines) },
    record: recordSale,
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
      isActive: isRefund ? 1 : 0,
      occurredAt: reversal.occurredAt,
      phase: reversal.phase === 'end' ? 1 : 0,
    },
    record: isRefund ? recordRefund : recordReinstatement,
  }
}

function effectsOfRenewal(renewal: Renewal): Effects {
  const references = referencesOf(renewal)
  return {
    order: renewal.order,
    references,
    names: [...references, renewal.subscription],
    facts: [insertRenewal],
    values: { subscription: renewal.subscription, period: renewal.period },
    record: recordRenewal,
  }
}

function effectsOfNotice(notice: Notice): Effects {
  const references = referencesOf(notice)
  return {
    order: notice.order ?? null,
    references,
    names: references,
    facts: [],
    values: { outcome: notice.kind, note: notice.note },
    record: recordNotice,
  }
}

function failure(note: string): Effects {
  return effectsOfNotice({ kind: 'failed', note })
}

/** An order goes by its own name, and by what else the event tells. */
function referencesOf({ order, references = [] }: Purchase | Renewal | Notice): string[] {
  return order === undefined ? [] : [order, ...references.filter(isName)]
}
