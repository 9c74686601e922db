/** What becomes of a message: it has done its work, or is to come again. */
export type Processing =
  | { readonly kind: 'done' }
  | {
      readonly kind: 'again'
      /** At most 12 hours, as Queues has it. */
      readonly delaySeconds: number
    }

export const DONE: Processing = { kind: 'done' }
