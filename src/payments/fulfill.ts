/**
 * Applies a payment event and records it in one D1 batch, so only events that took effect are recorded.
 *
 * Guarantees: every effect has its own business key (an order line, a refund, a billing period), so an event
 * that arrives twice, or repeats another one, changes nothing. The state of license keys is derived from the
 * facts (settle.ts), so events may arrive in any order.
 */
import { bind, compileText, runBatch, type Statement } from '../db/batch.ts'
import { withRetries } from '../db/retries.ts'
import type { Outcome } from '../db/schema/index.ts'
import { deliverySettings } from '../deliveries/settings.ts'
import { isCollision } from '../issuing/inserts.ts'
import { enqueue } from '../queue/enqueue.ts'
import { type Context, type EventRecord, recordEvent, selectRecorded } from './events.ts'
import {
  isName,
  type Notice,
  type PaymentEvent,
  type Purchase,
  type Refund,
  type Reinstatement,
  type Renewal,
} from './payment-event.ts'
import { checkLines, INSERT_SALE, insertFirstPeriod, ownerOf, SALE_NOTE, SALE_OUTCOME } from './sale.ts'
import { REFUND_OUTCOME, REINSTATEMENT_OUTCOME, REVERSAL_NOTE, SETTLE, upsertReversal } from './settle.ts'

export interface Channels {
  readonly hasWebhook: boolean
  readonly hasEmail: boolean
}

export interface Sources {
  /** Milliseconds UTC. */
  readonly now: number
  readonly newLicenseKey: () => string
}

export interface Fulfillment {
  readonly id: number
  readonly outcome: Outcome
  readonly deliveries: readonly number[]
}

/** Applies an event and wakes the consumer for its deliveries. @param now milliseconds UTC */
export async function fulfillAndDeliver(
  { env, db }: Context,
  record: EventRecord,
  event: PaymentEvent,
  now: number,
): Promise<Outcome> {
  const { webhookUrl, sender } = deliverySettings(env)
  const channels = { hasWebhook: webhookUrl !== undefined, hasEmail: sender !== undefined }
  const sources = { now, newLicenseKey: () => crypto.randomUUID() }
  const { outcome, deliveries } = await fulfill(db, record, event, channels, sources)
  await enqueue(
    env,
    deliveries.map((id) => ({ kind: 'delivery', id })),
  )
  return outcome
}

const insertReferences = compileText(`
insert into order_references (provider, reference, order_id)
select :provider, value, :order from json_each(:references) where true on conflict do nothing`)

/** @throws DatabaseUnavailableError: repeating the call is safe */
export async function fulfill(
  db: D1Database,
  record: EventRecord,
  event: PaymentEvent,
  channels: Channels,
  sources: Sources,
): Promise<Fulfillment> {
  return withRetries(async () => {
    const { order, references, names, facts, values, recording } = await effectsOf(event, sources)
    const bound = {
      ...record,
      ...values,
      hasWebhook: Number(channels.hasWebhook),
      hasEmail: Number(channels.hasEmail),
      order,
      references: JSON.stringify(references),
      names: JSON.stringify(names),
      nonce: crypto.randomUUID(),
      now: sources.now,
    }
    const addReferences = references.length > 0 ? [insertReferences] : []
    const settle = names.length > 0 ? SETTLE : []
    const writes = [...addReferences, ...facts, ...settle, recording].map((statement) =>
      bind(statement, bound),
    )
    const results = await runBatch(db, [...writes, bind(selectRecorded, bound)])
    const [recorded] = results.at(-1) ?? []
    if (!recorded) throw new Error('Expected exactly one result row.')
    return { ...recorded, deliveries: JSON.parse(recorded.deliveries) as number[] }
  }, isCollision)
}

interface Effects {
  readonly order: string | null
  readonly references: readonly string[]
  /** The names of all orders and subscriptions to settle. */
  readonly names: readonly string[]
  readonly facts: readonly Statement<never>[]
  readonly values: Readonly<Record<string, unknown>>
  /** Records the event. Runs last. */
  readonly recording: Statement<never>
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
  `case when not ${IS_SUBSCRIPTION_KNOWN} then 'unknown subscription' end`,
)
const recordNotice = recordEvent(':outcome', ':note')

/** @returns the effects. An unusable event is only recorded as failed */
async function effectsOf(event: PaymentEvent, sources: Sources): Promise<Effects> {
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
    default:
      return effectsOfNotice(event)
  }
}

/** @returns the object whose name does not have the 1 to 255 characters that the database allows */
function unusableName(event: PaymentEvent): string | undefined {
  if (event.order !== undefined && !isName(event.order)) return 'the order'
  if ('id' in event && !isName(event.id)) return 'the refund or dispute'
  const period = event.kind === 'purchase' ? event.firstPeriod : event
  if (!period || !('subscription' in period)) return undefined
  return isName(period.subscription) && isName(period.period) ? undefined : 'the subscription or its period'
}

async function effectsOfPurchase(purchase: Purchase, { newLicenseKey }: Sources): Promise<Effects> {
  const checked = await checkLines(purchase, newLicenseKey)
  const { order, firstPeriod } = purchase
  if (checked.kind === 'unusable') {
    return { ...effectsOfNotice({ kind: 'failed', note: checked.reason }), order }
  }
  const references = referencesOf(purchase)
  return {
    order,
    references,
    names: firstPeriod ? [...references, firstPeriod.subscription] : references,
    facts: firstPeriod ? [...INSERT_SALE, insertFirstPeriod] : INSERT_SALE,
    values: {
      ...ownerOf(purchase),
      ...firstPeriod,
      lines: JSON.stringify(checked.lines),
      rejected: checked.rejected,
      freshKeys: JSON.stringify(checked.freshKeys),
    },
    recording: recordSale,
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
    recording: isRefund ? recordRefund : recordReinstatement,
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
    recording: recordRenewal,
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
    recording: recordNotice,
  }
}

/** The order's own name and those that the event adds. */
function referencesOf({ order, references = [] }: Purchase | Renewal | Notice): string[] {
  return order === undefined ? [] : [order, ...references.filter(isName)]
}
