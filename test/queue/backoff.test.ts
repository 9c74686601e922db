import { describe, expect, it } from 'vitest'
import { ATTEMPTS_MAX, backoffSeconds } from '../../src/queue/messages.ts'

const HOUR = 3600

describe('the waits between attempts', () => {
  const waits = Array.from(
    { length: ATTEMPTS_MAX - 1 },
    (_, index) => backoffSeconds(index + 1) ?? Number.NaN,
  )

  it('begin with 10 seconds, triple, and never exceed 12 hours', () => {
    expect(waits).toEqual([10, 30, 90, 270, 810, 2430, 7290, 21_870, ...Array(4).fill(12 * HOUR)])
  })

  it('take more than two days together', () => {
    expect(waits.reduce((sum, wait) => sum + wait)).toBeGreaterThan(48 * HOUR)
  })

  it('end after the last attempt', () => {
    expect([ATTEMPTS_MAX, ATTEMPTS_MAX + 1, 1000].map(backoffSeconds)).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})
