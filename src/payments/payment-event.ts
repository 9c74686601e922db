/**
 * Events of payment providers in one form. fulfill.ts applies them to license keys.
 *
 * An order has one name, chosen by its purchase, and any number of references that later events may use
 * instead: a payment, an invoice, a subscription. All names are the provider's own. All times are milliseconds
 * UTC, and all amounts are in the smallest unit of their currency.
 */

export type PaymentEvent = Purchase | Refund | Reinstatement | Renewal | SubscriptionReport | Notice

export interface Purchase {
  readonly kind: 'purchase'
  readonly order: string
  /** Other names of the order, including its subscription's. */
  readonly references?: readonly string[]
  /** As sent by the provider. Anything except usable text counts as missing. */
  readonly owner: { readonly name?: unknown; readonly email?: unknown }
  readonly lines: readonly PurchasedLine[]
  /** The period of a subscription that the purchase pays for. A trial is a period. */
  readonly period?: PaidPeriod
  /** The periods of more subscriptions that begin with the same order. */
  readonly otherPeriods?: readonly PaidPeriod[]
  /** What the event tells about the subscription in addition. */
  readonly report?: Report
  /** What was paid, so that partial refunds can add up to it. */
  readonly amount?: Amount
  /**
   * Another event may report the same sale in more detail. If it has not arrived after this many seconds, this
   * purchase is applied.
   */
  readonly waitSeconds?: number
  /** Whether the order is refunded, if its event tells its whole state. Applies in addition to the purchase. */
  readonly reversal?: Refund | Reinstatement
  readonly orderedByApi?: OrderedByApi
}

/** How a shop's plugin may have ordered the keys of the order through the API. adopt.ts finds them by it. */
export interface OrderedByApi {
  /** The `identifier` that the plugin sent. */
  readonly identifier: string
  /** When the order was created. Keys that were ordered earlier are not its own. */
  readonly createdAt?: number
  /** As sent by the provider. */
  readonly ownerEmail: unknown
}

export interface PurchasedLine {
  /** Unique in its order and the same in every event. WHOLE_ORDER if the event has no lines. */
  readonly id: string
  /** The ids to look for in offers, the most specific first. */
  readonly externalIds: readonly string[]
  /** As sent by the provider: a number or text. */
  readonly quantity: unknown
  /** The line is bought once, although the order belongs to a subscription. */
  readonly isOneTime?: boolean
  /** The subscription of the line. Default: the line follows all subscriptions of the order. */
  readonly subscription?: string
}

/** The only line of a purchase whose event has no lines. */
export const WHOLE_ORDER = '*'

/** What a payment for a subscription paid for. */
export interface PaidPeriod {
  readonly subscription: string
  /** The name of the payment, which its refund uses. */
  readonly payment: string
  /** The same in every event about this period. Default: the payment's name. */
  readonly name?: string
  readonly paidAt: number
  /** Omitted if the event does not tell. */
  readonly endsAt?: number
}

/** What a payment paid, under one of the names of its order that refunds use. */
export interface Amount {
  readonly payment: string
  readonly amount: number
}

/** A payment was refunded or disputed. */
export interface Refund extends Reversal {
  readonly kind: 'refund'
  /** Omitted: the whole order. Without a quantity: the whole line. */
  readonly lines?: readonly { readonly id: string; readonly quantity?: number }[]
  /**
   * What was refunded, if it may be a part. Once the amounts of all refunds under the same name add up to what was
   * paid under it (`Amount`), the whole is refunded. Until then, only the lines are, if there are any.
   */
  readonly amount?: number
  readonly orderedByApi?: OrderedByApi
}

/** A refund failed or a dispute was won, so the reversal with this id no longer applies. */
export interface Reinstatement extends Reversal {
  readonly kind: 'reinstatement'
}

interface Reversal {
  /** The name of the refund or dispute, the same in all of its events. */
  readonly id: string
  /** Any name of the order, or of the payment of a period. */
  readonly order: string
  /** The latest event about a reversal applies, even if it arrives first. */
  readonly occurredAt: number
  /** Sorts events of the same time: the end follows the beginning. */
  readonly phase: 'beginning' | 'end'
}

/** A period of a subscription was paid, without a new sale. */
export interface Renewal {
  readonly kind: 'renewal'
  readonly period: PaidPeriod
  /** Other names of the payment. */
  readonly references?: readonly string[]
  /**
   * The name of the order that sold the subscription, if this payment may be the first one. The payment's name
   * then becomes a reference of that order.
   */
  readonly sale?: string
  readonly report?: Report
  readonly amount?: Amount
  /** Whether the payment is refunded, if its event tells its whole state. Applies in addition to the renewal. */
  readonly reversal?: Refund | Reinstatement
}

/** A provider reports the state of a subscription, apart from its payments. It may add names to an order. */
export interface SubscriptionReport {
  readonly kind: 'report'
  readonly report: Report
  readonly order?: string
  readonly references?: readonly string[]
  /** The period that the order paid for, if only the subscription tells that the order began it. */
  readonly period?: PaidPeriod
}

export interface Report {
  readonly subscription: string
  /** When this became true. The latest report about the items applies. */
  readonly occurredAt: number
  /** The end of a period that is paid or free. Not the end of one that is still unpaid. */
  readonly paidUntil?: number
  /** When the subscription ended. What was paid for before then ends with it, and has no grace. */
  readonly endedAt?: number
  /** What the subscription consists of from `occurredAt` on. */
  readonly items?: readonly SubscribedItem[]
}

export interface SubscribedItem {
  /** The ids to look for in offers, the most specific first. */
  readonly externalIds: readonly string[]
  /** As sent by the provider. Anything but a number from 1 keeps the quantity. */
  readonly quantity: unknown
}

/** An event that changes no license keys. It may add names to an order. */
export interface Notice {
  /** `flagged`: an operator should check it. `failed`: it could not be parsed and can be retried. */
  readonly kind: 'ignored' | 'flagged' | 'failed'
  /** The reason, without personal data. */
  readonly note: string
  /** The fields of a malformed event that are missing or invalid. */
  readonly faults?: readonly string[]
  readonly order?: string
  readonly references?: readonly string[]
}

/** @returns the name under which the event is stored */
export function orderOf(event: PaymentEvent): string | undefined {
  const order = event.kind === 'renewal' ? event.period.payment : event.order
  return order !== undefined && isName(order) ? order : undefined
}

/** The limit of all columns with names, and of `issuances.idempotency_key`. */
const NAME_CHARACTERS_MAX = 255

/** Names are also read from JSON, where SQLite ends a text at the character U+0000. */
export function isName(text: string): boolean {
  return text.length >= 1 && text.length <= NAME_CHARACTERS_MAX && !text.includes('\0')
}
