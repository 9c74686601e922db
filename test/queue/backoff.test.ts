import { describe, expect, it } from 'vitest'
import { ATTEMPTS_MAX, backoffSeconds } from '../../src/queue/messages.ts'

const HOUR = 3600

describe('the delays between attempts', () => {
  const delays = Array.from(
    { length: ATTEMPTS_MAX - 1 },
    (_, index) => backoffSeconds(index + 1) ?? Number.NaN,
  )

  it('start at 10 seconds, triple, and never exceed 12 hours', () => {
    expect(delays).toEqual([10, 30, 90, 270, 810, 2430, 7290, 21_870, ...Array(4).fill(12 * HOUR)])
  })

  it('add up to more than two days', () => {
    expect(delays.reduce((sum, delay) => sum + delay)).toBeGreaterThan(48 * HOUR)
  })

  it('end after the last attempt', () => {
    expect([ATTEMPTS_MAX, ATTEMPTS_MAX + 1, 1000].map(backoffSeconds)).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})
