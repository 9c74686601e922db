import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { D1_LIMITS, takeD1Violations } from '../support/d1-limits.ts'

const { valueBytes, statementBytes, parameters, columns, patternBytes, functionArguments, batchStatements } =
  D1_LIMITS

const prepare = (text: string, ...values: unknown[]) => env.DB.prepare(text).bind(...values)
const list = (count: number, text = '1') => Array<string>(count).fill(text).join()
/** Of this many bytes, and half as many characters. */
const longText = (bytes: number) => 'é'.repeat(bytes / 2)

/** SQL for a text as long as a value may be, and `?`, a character for each byte of excess. */
const LONGEST = `hex(zeroblob(${valueBytes / 2})) || ?`
const excessOf = (excess: number) => 'x'.repeat(excess)

it.each<[string, (excess: number) => Promise<unknown>]>([
  ['a bound value', (excess) => prepare('select length(?)', longText(valueBytes + 2 * excess)).run()],
  ['a returned value', (excess) => prepare(`select ${LONGEST}`, excessOf(excess)).all()],
  ['the first row', (excess) => prepare(`select ${LONGEST}, ?`, '', excessOf(excess)).first()],
  ['a row of raw values', (excess) => prepare(`select ${LONGEST}`, excessOf(excess)).raw()],
  ['a row of a batch', (excess) => env.DB.batch([prepare(`select ${LONGEST}`, excessOf(excess))])],
  ['a statement', (excess) => prepare(`select '${'x'.repeat(statementBytes - 9 + excess)}'`).run()],
  [
    'the parameters',
    (excess) =>
      prepare(`select ${list(excess + parameters, '?')}`, ...Array(excess + parameters).fill(1)).run(),
  ],
  ['the columns', (excess) => prepare(`select ${list(columns + excess)}`).run()],
  ['a pattern', (excess) => prepare(`select '' like ?`, 'x'.repeat(patternBytes + excess)).run()],
  [
    'the arguments of a function',
    (excess) => prepare(`select max(${list(functionArguments + excess, `',('`)})`).run(),
  ],
  ['a batch', (excess) => env.DB.batch(Array(batchStatements + excess).fill(prepare('select 1')))],
  [
    'a batch of a session',
    (excess) => env.DB.withSession().batch(Array(batchStatements + excess).fill(prepare('select 1'))),
  ],
])('%s may be as large as D1 allows, and no larger', async (_, run) => {
  await run(0)
  expect(takeD1Violations()).toEqual([])
  await expect(run(1).then(() => 'accepted')).rejects.toThrow(/too big|too long|too complex|too many/)
  // The local database rejects some of them itself.
  expect(takeD1Violations().length).toBeLessThanOrEqual(1)
})

it('a violation names the limit and the statement', async () => {
  await expect(prepare('select\n  length(?)', longText(valueBytes + 2)).run()).rejects.toThrow(
    'SQLITE_TOOBIG',
  )
  expect(takeD1Violations()).toEqual([
    '2000002 bytes of a bound value, and D1 allows 2000000: select length(?)',
  ])
})
