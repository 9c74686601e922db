/** The events of a sale and of the life of a subscription, built from the samples of a provider. */
import { DAY_MILLISECONDS } from '../../src/protocol/dates.ts'
import type { ProviderSamples, SampleEvent, SampleOrder } from '../webhook-samples/index.ts'
import { periodStart } from '../webhook-samples/sample.ts'

export const EVENT_NAMES = ['purchase', 'trial', 'renewal', 'plan-change', 'ended', 'refund'] as const
export type EventName = (typeof EVENT_NAMES)[number]

export interface SampleOptions {
  readonly price: string
  readonly quantity: number
  readonly order?: string
  readonly event: EventName
  readonly subscription?: string
  readonly period?: number
  readonly toPrice?: string
}

/** What the text about an event calls it. */
export const LABELS: Readonly<Record<EventName, string>> = {
  purchase: 'a purchase',
  trial: 'a trial',
  renewal: 'a renewal',
  'plan-change': 'a change of plan',
  ended: 'the end of the subscription',
  refund: 'a refund',
}

/** A change, an end or a refund comes within its period, and within a trial. */
const DAYS_INTO_PERIOD = 10
const COMES_WITHIN_PERIOD: readonly EventName[] = ['plan-change', 'ended', 'refund']
const NEEDS_NO_SUBSCRIPTION: readonly EventName[] = ['purchase', 'refund']

/** The order of a sample. Without a subscription, its events happen now. */
export function sampleOrderOf(options: SampleOptions, now: number): SampleOrder & { readonly now: number } {
  const { event, order = String(now), price: externalId, quantity } = options
  const subscription = options.subscription ?? (NEEDS_NO_SUBSCRIPTION.includes(event) ? undefined : order)
  if (subscription === undefined) return { order, externalId, quantity, now }
  const period = options.period ?? (event === 'renewal' ? 1 : 0)
  const days = COMES_WITHIN_PERIOD.includes(event) ? DAYS_INTO_PERIOD : 0
  const time = periodStart(period) + days * DAY_MILLISECONDS
  return { order, externalId, quantity, subscription, period, now: time }
}

/**
 * @returns the event, and those that the provider sends with it
 * @throws Error if the provider's samples do not have it
 */
export function sampleEventsOf(
  samples: ProviderSamples,
  o: SampleOrder,
  { event, price, toPrice = price }: SampleOptions,
): [SampleEvent, ...SampleEvent[]] {
  const related = o.subscription === undefined ? [] : (samples.relatedEvents?.(o) ?? [])
  const events = {
    purchase: () => [samples.purchase(o), ...related],
    trial: () => [samples.hasOrderBesideTrial ? samples.purchase(o) : undefined, samples.trial?.(o)],
    renewal: () => [samples.renewal?.(o), ...related],
    'plan-change': () => [samples.planChange?.(o, { externalId: toPrice, quantity: o.quantity })],
    ended: () => [samples.ended?.(o)],
    refund: () => [samples.refund(o)],
  }[event]()
  const [first, ...others] = events.filter((sample) => sample !== undefined)
  if (first === undefined) throw new Error(`${samples.provider} has no sample of ${LABELS[event]}.`)
  return [first, ...others]
}
