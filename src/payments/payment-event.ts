/**
 * What an event of a payment provider says, in the same words for all providers. fulfil.ts decides what it means for
 * license keys.
 *
 * An order has one name, which its purchase chooses, and any number of references by which later events may call it: a
 * payment, an invoice, a subscription. All names are the provider's own texts.
 */

export type PaymentEvent = Purchase | Refund | Reinstatement | Renewal | Notice

/** An order was paid. */
export interface Purchase {
  readonly kind: 'purchase'
  readonly order: string
  /** Further names of the order, its subscription's among them. */
  readonly references?: readonly string[]
  /** As the provider writes it. Anything but usable text counts as missing. */
  readonly owner: { readonly name?: unknown; readonly email?: unknown }
  readonly lines: readonly PurchasedLine[]
  /** The billing period that a subscription's purchase pays for: a renewal with the same period extends nothing. */
  readonly firstPeriod?: { readonly subscription: string; readonly period: string }
}

export interface PurchasedLine {
  /** Unique in its order and the same in every event about it; WHOLE_ORDER where the event has no lines. */
  readonly id: string
  /** The ids that an offer may have, the most specific first. */
  readonly externalIds: readonly string[]
  /** As the provider writes it, a number or text. */
  readonly quantity: unknown
}

/** The one line of a purchase whose event has no lines. It is never issued beside lines that have names. */
export const WHOLE_ORDER = '*'

/** A payment was taken back: refunded or disputed. */
export interface Refund extends Reversal {
  readonly kind: 'refund'
  /** What is taken back. Left out: the whole order. Without a quantity: the whole line. */
  readonly lines?: readonly { readonly id: string; readonly quantity?: number }[]
}

/** A refund failed or a dispute was won: the reversal of this id holds no longer. */
export interface Reinstatement extends Reversal {
  readonly kind: 'reinstatement'
}

interface Reversal {
  /** The name of the refund or dispute, the same in all events about it. */
  readonly id: string
  /** Any name of the order. */
  readonly order: string
  /** Milliseconds UTC. Of several events about one reversal the latest holds, in whatever order they arrive. */
  readonly occurredAt: number
  /** Decides between events of the same instant: an end comes after a beginning. */
  readonly phase: 'beginning' | 'end'
}

/** A subscription was paid for another billing period. */
export interface Renewal {
  readonly kind: 'renewal'
  /** A name of this renewal, by which its own refund calls it. */
  readonly order: string
  readonly references?: readonly string[]
  /** One of the references of the purchase. */
  readonly subscription: string
  /** The same in every event about the same billing period. */
  readonly period: string
}

/** Nothing that changes license keys. It may add names to an order. */
export interface Notice {
  /** `flagged`: an operator should look at it. `failed`: it could not be parsed, and may be tried again. */
  readonly kind: 'ignored' | 'flagged' | 'failed'
  /** Why, in a few words without anybody's data. */
  readonly note: string
  readonly order?: string
  readonly references?: readonly string[]
}

/** As the CHECKs of all names have it, and that of `issuances.idempotency_key`. */
const NAME_CHARACTERS_MAX = 255

/** @returns whether a text may name an order, a line, a reversal or a subscription */
export function isName(text: string): boolean {
  return text.length >= 1 && text.length <= NAME_CHARACTERS_MAX
}
