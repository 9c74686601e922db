import { describe, expect, it } from 'vitest'
import { minorUnits } from '../../src/payments/providers/money.ts'

describe('an amount as text', () => {
  it.each([
    ['49.00', 'EUR', 4900],
    ['49', 'EUR', 4900],
    ['0.1', 'EUR', 10],
    ['1000', 'JPY', 1000],
    ['1000.00', 'JPY', 1000],
    ['1.234', 'KWD', 1234],
    ['0.29', 'USD', 29],
    ['1.005', 'USD', 101],
    ['1.0049', 'USD', 100],
    ['999999999999.99', 'USD', 99_999_999_999_999],
    ['5.00', null, 500],
    ['5.00', 'a name', 500],
    ['5.00', 'XYZ', 500],
  ])('%s %s is %i in the smallest unit', (text, currency, expected) => {
    expect(minorUnits(text, currency)).toBe(expected)
  })

  it.each(['', '-1', '+1', '1e3', '1,00', '.5', '1.', ' 1', 'NaN', '1'.repeat(13), null, undefined, {}])(
    '%j is not usable',
    (text) => {
      expect(minorUnits(text, 'EUR')).toBeUndefined()
    },
  )
})
