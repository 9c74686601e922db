/** Compares our signature checks with those of the providers' libraries. */
import * as fc from 'fast-check'
import { expect } from 'vitest'
import { verifySignature } from '../../src/http/signatures.ts'
import type { Provider } from '../../src/payments/provider.ts'
import { seed } from '../faults/plan.ts'
import { type Delivery, type Plan, planOf, type Tamper } from './tampering.ts'

const RUNS = 1_500

export interface Comparison {
  readonly provider: Provider
  readonly secret: fc.Arbitrary<string>
  readonly sign: (plan: Plan, nowSeconds: number) => Promise<Delivery>
  /** The verdict of the other library. */
  readonly oracle: (delivery: Delivery, nowSeconds: number) => Promise<boolean> | boolean
  /** Our verdict where it differs from the library's. */
  readonly differences?: Partial<Record<Tamper, boolean>>
}

export async function expectSameVerdicts(comparison: Comparison): Promise<void> {
  const verdicts = { yes: 0, no: 0 }
  const property = fc.asyncProperty(planOf(comparison.secret), async (plan) => {
    const verdict = await compare(comparison, plan)
    verdicts[verdict ? 'yes' : 'no']++
  })
  await fc.assert(property, { seed, numRuns: RUNS })
  // Ensures that both verdicts were compared.
  expect(verdicts.yes).toBeGreaterThan(RUNS / 10)
  expect(verdicts.no).toBeGreaterThan(RUNS / 10)
}

async function compare({ provider, sign, oracle, differences }: Comparison, plan: Plan): Promise<boolean> {
  const now = Math.floor(Date.now() / 1000)
  const delivery = await sign(plan, now)
  const bytes = new TextEncoder().encode(delivery.body)
  const headers = new Headers(delivery.headers)
  const ours = await verifySignature(provider.signatures, [delivery.secret], headers, bytes, now)
  const theirs = await oracle({ ...delivery, headers: Object.fromEntries(headers) }, now)
  const difference = differences?.[plan.tamper]
  expect({ tamper: plan.tamper, ours, theirs }).toEqual({
    tamper: plan.tamper,
    ours: difference ?? theirs,
    theirs: difference === undefined ? ours : !difference,
  })
  if (plan.tamper === 'none') expect(ours).toBe(true)
  return ours
}
