import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  DatabaseStatementError,
  DatabaseUnavailableError,
  databaseError,
  UniqueConstraintError,
} from '../../src/db/errors.ts'
import { waitBeforeRetry, withRetries } from '../../src/db/retries.ts'
import { D1_ERRORS } from '../support/d1-errors.ts'

afterEach(() => vi.restoreAllMocks())

const never = () => false

describe('a database error', () => {
  it.each(D1_ERRORS)('"%s" (retried: %s) becomes DatabaseUnavailableError', async (text, isRetried) => {
    let attempts = 0
    vi.spyOn(Math, 'random').mockReturnValue(0)
    const attempt = withRetries(async () => {
      attempts++
      throw databaseError(new Error(`D1_ERROR: ${text}`))
    })
    await expect(attempt).rejects.toThrow(DatabaseUnavailableError)
    expect(attempts).toBe(isRetried ? 3 : 1)
  })

  it('that is unknown is not retried and becomes DatabaseUnavailableError', () => {
    const error = databaseError('no error at all')
    expect(error).toBeInstanceOf(DatabaseUnavailableError)
    expect(waitBeforeRetry(error, 1, never, () => 0)).toBeUndefined()
  })

  it.each([
    ['D1_ERROR: near "INSERTZ": syntax error at offset 0: SQLITE_ERROR', DatabaseStatementError],
    ['D1_ERROR: no such table: products: SQLITE_ERROR', DatabaseStatementError],
    ["D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'", DatabaseStatementError],
    [
      'D1_ERROR: FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)',
      DatabaseStatementError,
    ],
    [
      'D1_ERROR: UNIQUE constraint failed: a.b, a.c: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)',
      UniqueConstraintError,
    ],
  ])('caused by a bug ("%s") is not retried', (text, kind) => {
    const error = databaseError(new Error(text))
    expect(error).toBeInstanceOf(kind)
    expect(waitBeforeRetry(error, 1, never, () => 0)).toBeUndefined()
    if (error instanceof UniqueConstraintError) expect(error.columns).toBe('a.b, a.c')
  })
})

describe('the wait before the next attempt', () => {
  const lost = databaseError(new Error('D1_ERROR: Network connection lost.'))

  it('is random, up to a limit that doubles, and occurs at most twice', () => {
    const waits = (random: number) =>
      [1, 2, 3].map((failures) => waitBeforeRetry(lost, failures, never, () => random))
    expect(waits(0)).toEqual([0, 0, undefined])
    expect(waits(0.5)).toEqual([50, 100, undefined])
    expect(waits(0.999)).toEqual([99.9, 199.8, undefined])
  })

  it('is zero for errors that the caller retries immediately', () => {
    expect(
      [1, 2, 3].map((failures) =>
        waitBeforeRetry(
          new Error(),
          failures,
          () => true,
          () => 0.9,
        ),
      ),
    ).toEqual([0, 0, undefined])
  })
})

it('a retry returns the result of the first successful attempt', async () => {
  let attempts = 0
  const result = await withRetries(async () => {
    attempts++
    if (attempts < 3) throw databaseError(new Error('D1_ERROR: Network connection lost.'))
    return `attempt ${attempts}`
  })
  expect(result).toBe('attempt 3')
})
