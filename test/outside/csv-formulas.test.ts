/** Texts that a spreadsheet would run, in exports and imports. */
import { stringify } from 'csv-stringify/sync'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { escapeFormula, unescapeFormula } from '../../scripts/keyseal/csv-formulas.ts'

/** Mostly of the characters that matter. */
const text = fc.string({
  unit: fc.oneof(fc.constantFrom(..."=+-@＝＋－＠\t\r\n' a\u00a0"), fc.string({ maxLength: 1 })),
})

it.each([...'=+-@\t\r\n＝＋－＠'])('a text that begins with %j is escaped', (start) => {
  for (const cell of [`${start}1+2`, `'${start}1+2`]) expect(escapeFormula(cell)).toBe(`'${cell}`)
})

it.each(['', "'", 'a=1', "O'Hara", "'tis", '1-2', 'ada@example.com', 'ADA-1'])(
  '%j stays as it is',
  (cell) => {
    expect(escapeFormula(cell)).toBe(cell)
    expect(unescapeFormula(cell)).toBe(cell)
  },
)

it('an import undoes exactly the escape of an export, for every text', () => {
  fc.assert(
    fc.property(text, (cell) => {
      expect(unescapeFormula(escapeFormula(cell))).toBe(cell)
    }),
    { numRuns: 10_000 },
  )
})

it('no text of an export is run, however it is quoted', () => {
  fc.assert(
    fc.property(text, (cell) => {
      const csv = stringify([[cell]], { cast: { string: escapeFormula } })
      expect(csv.replace(/^"/, '')).not.toMatch(/^\s*[=+\-@＝＋－＠]|^[\t\r]/)
    }),
    { numRuns: 10_000 },
  )
})
