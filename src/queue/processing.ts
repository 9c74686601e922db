/** What becomes of a message: it has done its work, or is to come again. */
export type Processing =
  | { readonly kind: 'done' }
  | {
      readonly kind: 'again'
      /** At most 12 hours, as Queues has it. */
      readonly delaySeconds: number
    }

export const DONE: Processing = { kind: 'done' }

/** Longer than any attempt takes. Who dies meanwhile is taken for dead after it, and another may try. */
export const LEASE_MS = 60_000

/** The same for callbacks: up to 100,000 keys are read, sent and taken in by a receiver that may be slow. */
export const CALLBACK_LEASE_MS = 300_000
