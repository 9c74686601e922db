import { expect, it } from 'vitest'
import { instant, milliseconds, optionalInstant } from '../../src/payments/providers/fields.ts'

it('a date after the year 9999 is refused, and counts as missing where it is optional', () => {
  expect(instant.safeParse('9999-12-31T23:59:59.999Z').success).toBe(true)
  for (const date of ['+010000-01-01T00:00:00Z', '9999-12-31T23:59:59-01:00', '+275760-09-13T00:00:00Z']) {
    expect(instant.safeParse(date).success).toBe(false)
    expect(optionalInstant.parse(date)).toBeUndefined()
  }
  expect(milliseconds.safeParse(Date.UTC(10_000, 0, 1)).success).toBe(false)
})
