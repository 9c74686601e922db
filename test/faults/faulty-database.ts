/** A database that loses responses: some batches fail before they reach it, some after they were committed. */
import { env } from 'cloudflare:workers'
import * as fc from 'fast-check'
import { D1_ERRORS } from '../support/d1-errors.ts'
import { observe } from '../support/observed-database.ts'

/** The percentage of batches that fail before and after they are committed. */
const FAILURES_BEFORE = 20
const FAILURES_AFTER = 20
/** After this many batches, none fails. */
const BATCHES = 20

export interface Fault {
  readonly when: 'before' | 'after'
  readonly text: string
}

const text = fc.constantFrom(...D1_ERRORS.map(([documented]) => documented))
const fault: fc.Arbitrary<Fault | null> = fc.oneof(
  { weight: FAILURES_BEFORE, arbitrary: fc.record({ when: fc.constant('before' as const), text }) },
  { weight: FAILURES_AFTER, arbitrary: fc.record({ when: fc.constant('after' as const), text }) },
  { weight: 100 - FAILURES_BEFORE - FAILURES_AFTER, arbitrary: fc.constant(null) },
)

/** The fault of each batch; null for none. */
export const faults: fc.Arbitrary<(Fault | null)[]> = fc.array(fault, {
  minLength: BATCHES,
  maxLength: BATCHES,
})

/** A database with these faults. */
export function faultyDatabase(planned: readonly (Fault | null)[]): D1Database {
  const remaining = [...planned]
  let current: Fault | null = null
  function failIf(when: Fault['when']): void {
    if (current?.when === when) throw new Error(`D1_ERROR: ${current.text}`)
  }
  return observe(env.DB, {
    before() {
      current = remaining.shift() ?? null
      failIf('before')
    },
    after: () => failIf('after'),
  }).db
}
