/** What subscriptions of several providers have in common. */

/** Clocks and retries of a payment may differ by some hours. A period has at least a day. */
const FIRST_PAYMENT_HOURS_MAX = 12

/**
 * Providers do not say which payment of a subscription is the first one: it is made when the subscription is created.
 *
 * @param createdAt milliseconds UTC
 * @param paidAt milliseconds UTC
 */
export function isFirstPayment(createdAt: number, paidAt: number): boolean {
  return Math.abs(paidAt - createdAt) <= FIRST_PAYMENT_HOURS_MAX * 3_600_000
}
