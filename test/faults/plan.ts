/** The size and the seed of the fault tests. */
import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    readonly faults: {
      readonly seed: number
      /** Orders, each repeated until it gets a response. */
      readonly orders: number
      /** Times the server is killed. */
      readonly kills: number
      /** Invalid requests. */
      readonly requests: number
    }
  }
}

export const { seed, orders, kills, requests } = inject('faults')

/** Part of test names, so that the report of a failure shows how to repeat it. */
export const seeded = `(npm run test:faults -- --seed ${seed})`
