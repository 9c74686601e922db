/**
 * What an event of a payment provider says, in the same words for all of them. What they mean for license keys
 * is decided in fulfil.ts.
 *
 * An order has one name that its purchase chooses, and any number of further references by which later events
 * may call it: a payment, an invoice, a subscription. All names are the provider's own texts.
 */

/** An order was paid for. */
export interface Purchase {
  readonly kind: 'purchase'
  readonly order: string
  /** Further names of the order; its subscription's among them. */
  readonly references?: readonly string[]
  /** As the provider says it; anything that is no usable text counts as not told. */
  readonly owner: { readonly name?: unknown; readonly email?: unknown }
  readonly lines: readonly PurchasedLine[]
  /** The billing period that a subscription's purchase pays for: a renewal that names the same one is none. */
  readonly firstPeriod?: { readonly subscription: string; readonly period: string }
}

export interface PurchasedLine {
  /** Unique in its order, the same in every event about it; WHOLE_ORDER where the event tells no lines. */
  readonly id: string
  /** By which an offer may know what was bought, the most specific first. */
  readonly externalIds: readonly string[]
  /** As the provider says it, a number or text; checked in fulfil.ts. */
  readonly quantity: unknown
}

/** The one line of a purchase whose event tells no lines. It is never issued besides lines that have names. */
export const WHOLE_ORDER = '*'

/** Something is paid for no longer: refunded, or disputed. */
export interface Refund extends Reversal {
  readonly kind: 'refund'
  /** What is taken back; undefined: the whole order. Without a quantity: the whole line. */
  readonly lines?: readonly { readonly id: string; readonly quantity?: number }[]
}

/** A refund failed, a dispute was won: what the reversal of this id took is given back. */
export interface Reinstatement extends Reversal {
  readonly kind: 'reinstatement'
}

interface Reversal {
  /** The refund's or dispute's own name: later news about the same one carry the same id. */
  readonly id: string
  /** Any name of the order. */
  readonly order: string
  /** Milliseconds UTC. Of several news about one reversal the latest holds, in whatever order they arrive. */
  readonly occurredAt: number
  /** Decides between news of the same instant: an end comes after a beginning. */
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

/** Nothing that changes license keys; at most it tells further names of an order. */
export interface Notice {
  /** `flagged`: a person should look at it. `failed`: it could not be understood, and may be tried again. */
  readonly kind: 'ignored' | 'flagged' | 'failed'
  /** Why, in few words without anybody's data. */
  readonly note: string
  readonly order?: string
  readonly references?: readonly string[]
}

export type Happening = Purchase | Refund | Reinstatement | Renewal | Notice
