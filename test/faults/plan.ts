/** How much the fault tests do, and the seed that makes a run of them the same again. */
import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    readonly faults: {
      readonly seed: number
      /** Orders that are sent until they are answered. */
      readonly orders: number
      /** Times the server is killed. */
      readonly kills: number
      /** Requests that make no sense. */
      readonly requests: number
    }
  }
}

export const { seed, orders, kills, requests } = inject('faults')

/** Stands in the names of the tests, so that a report of a failure tells how to repeat it. */
export const seeded = `(npm run test:faults -- --seed ${seed})`
