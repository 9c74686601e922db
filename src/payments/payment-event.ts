/**
 * Events of payment providers in one form. fulfill.ts applies them to license keys.
 *
 * An order has one name, chosen by its purchase, and any number of references that later events may use
 * instead: a payment, an invoice, a subscription. All names are the provider's own.
 */

export type PaymentEvent = Purchase | Refund | Reinstatement | Renewal | Notice

export interface Purchase {
  readonly kind: 'purchase'
  readonly order: string
  /** Other names of the order, including its subscription's. */
  readonly references?: readonly string[]
  /** As sent by the provider. Anything except usable text counts as missing. */
  readonly owner: { readonly name?: unknown; readonly email?: unknown }
  readonly lines: readonly PurchasedLine[]
  /** The period that the purchase pays for. A renewal of the same period extends nothing. */
  readonly firstPeriod?: { readonly subscription: string; readonly period: string }
}

export interface PurchasedLine {
  /** Unique in its order and the same in every event. WHOLE_ORDER if the event has no lines. */
  readonly id: string
  /** The ids to look for in offers, the most specific first. */
  readonly externalIds: readonly string[]
  /** As sent by the provider: a number or text. */
  readonly quantity: unknown
}

/** The only line of a purchase whose event has no lines. */
export const WHOLE_ORDER = '*'

/** A payment was refunded or disputed. */
export interface Refund extends Reversal {
  readonly kind: 'refund'
  /** Omitted: the whole order. Without a quantity: the whole line. */
  readonly lines?: readonly { readonly id: string; readonly quantity?: number }[]
}

/** A refund failed or a dispute was won, so the reversal with this id no longer applies. */
export interface Reinstatement extends Reversal {
  readonly kind: 'reinstatement'
}

interface Reversal {
  /** The name of the refund or dispute, the same in all of its events. */
  readonly id: string
  /** Any name of the order. */
  readonly order: string
  /** Milliseconds UTC. The latest event about a reversal applies, even if it arrives first. */
  readonly occurredAt: number
  /** Sorts events of the same time: the end follows the beginning. */
  readonly phase: 'beginning' | 'end'
}

/** Another period of a subscription was paid. */
export interface Renewal {
  readonly kind: 'renewal'
  /** The name of this renewal, which its refund uses. */
  readonly order: string
  readonly references?: readonly string[]
  readonly subscription: string
  /** The same in every event about the same period. */
  readonly period: string
}

/** An event that changes no license keys. It may add names to an order. */
export interface Notice {
  /** `flagged`: an operator should check it. `failed`: it could not be parsed and can be retried. */
  readonly kind: 'ignored' | 'flagged' | 'failed'
  /** The reason, without personal data. */
  readonly note: string
  readonly order?: string
  readonly references?: readonly string[]
}

/** The limit of all columns with names, and of `issuances.idempotency_key`. */
const NAME_CHARACTERS_MAX = 255

export function isName(text: string): boolean {
  return text.length >= 1 && text.length <= NAME_CHARACTERS_MAX
}
