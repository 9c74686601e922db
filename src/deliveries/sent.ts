import type { Attempt } from './consignment.ts'

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

/**
 * The name of a delivery, the same in each attempt and of no other: a receiver that meets it again has it already.
 * The id alone would not do, since a database that was restored gives the ids of lost rows to later deliveries.
 */
export function deliveryName({ id, createdAt }: Attempt): string {
  return `keyseal_delivery_${id}_${createdAt}`
}
