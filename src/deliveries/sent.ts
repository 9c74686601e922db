/** What came of sending: in few words of ours, never in those of the receiver. */
export interface Sent {
  /**
   * `cancelled`: none of the keys is of use any more, so there is nothing to send. `undeliverable`: no other attempt
   * would meet with anything else.
   */
  readonly kind: 'delivered' | 'not-delivered' | 'undeliverable' | 'cancelled'
  /** `HTTP 500`, `timeout`, `EMAIL_FROM is not set` ... */
  readonly result: string
}

/** The name of a delivery, the same in each attempt: a receiver that meets it again has it already. */
export function deliveryName(id: number): string {
  return `keyseal_delivery_${id}`
}
