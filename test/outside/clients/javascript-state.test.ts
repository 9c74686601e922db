/** The decisions of the JavaScript client that need no I/O. */
import { describe, expect, it } from 'vitest'
import type { LicenseFile } from '../../../clients/javascript/src/license-file-contents.ts'
import { attempted, isDue, postponed, refreshTime } from '../../../clients/javascript/src/schedule.ts'
import { decide, type Facts } from '../../../clients/javascript/src/state.ts'
import {
  NOTHING,
  parseStored,
  type Stored,
  withBroughtFile,
  withFile,
  withLimit,
  withRefusal,
} from '../../../clients/javascript/src/stored.ts'
import { DAY_MS, HOUR_MS } from './support/file-maker.ts'

const ISSUED = Date.parse('2026-11-24T08:30:00.000Z')
const EXPIRY = ISSUED + 14 * DAY_MS
const GRACE_END = EXPIRY + 7 * DAY_MS
const FILE: LicenseFile = { issued: ISSUED, expiry: EXPIRY, features: ['pro'], expiresAt: null }
const LICENSED: Stored = { ...NOTHING, licenseKey: 'A', file: 'text', highestTime: ISSUED }

interface Case extends Omit<Partial<Facts>, 'stored'> {
  readonly stored?: Partial<Stored>
  readonly file?: Partial<LicenseFile>
}

function decided({ stored, file, ...facts }: Case = {}) {
  const reading = { kind: 'read', file: { ...FILE, ...file } } as const
  return decide({ reading, now: ISSUED, graceDays: 7, ...facts, stored: { ...LICENSED, ...stored } })
}

describe('decide', () => {
  const MISSING = { file: null }
  const END = new Date(ISSUED + 100 * DAY_MS)
  it.each<[string, Case, object]>([
    ['no license key', { stored: { licenseKey: null } }, { state: 'unlicensed', code: null, reason: null }],
    ['a refusal 201', { stored: { refusal: { code: '201', at: 0 } } }, { state: 'unlicensed', code: '201' }],
    ['a refusal 203', { stored: { refusal: { code: '203', at: 0 } } }, { state: 'blocked', code: '203' }],
    ['a refusal 204', { stored: { refusal: { code: '204', at: 0 } } }, { state: 'blocked', code: '204' }],
    ['a refusal 205', { stored: { refusal: { code: '205', at: 0 } } }, { state: 'expired', code: '205' }],
    ['a refusal 210', { stored: { refusal: { code: '210', at: 0 } } }, { state: 'unlicensed', code: '210' }],
    ['no file', { stored: MISSING, reading: null }, { state: 'unlicensed', code: null }],
    [
      'no file, all devices taken',
      { stored: { ...MISSING, limitReached: true }, reading: null },
      { state: 'limit-reached', code: '302' },
    ],
    ['a tampered file', { reading: { kind: 'tampered' } }, { state: 'tampered', reason: 'file-invalid' }],
    [
      'a file of another machine',
      { reading: { kind: 'wrong-machine' } },
      { state: 'unlicensed', reason: 'wrong-machine' },
    ],
    [
      'a file of another product',
      { reading: { kind: 'other-product' } },
      { state: 'unlicensed', reason: 'other-product' },
    ],
    ['a clock 24 hours behind', { stored: { highestTime: ISSUED + DAY_MS } }, { state: 'valid' }],
    ['a clock further behind', { stored: { highestTime: ISSUED + DAY_MS + 1 } }, { state: 'clock-set-back' }],
    ['a clock 24 hours before the file', { now: ISSUED - DAY_MS }, { state: 'valid' }],
    ['a clock further before the file', { now: ISSUED - DAY_MS - 1 }, { state: 'clock-set-back' }],
    [
      'the last moment of the file',
      { now: EXPIRY - 1 },
      { state: 'valid', features: ['pro'], daysLeft: null },
    ],
    ['the end of the file', { now: EXPIRY }, { state: 'grace', features: ['pro'], daysLeft: 7 }],
    ['a moment later', { now: EXPIRY + 1 }, { state: 'grace', daysLeft: 7 }],
    ['the last moment of grace', { now: GRACE_END - 1 }, { state: 'grace', daysLeft: 1 }],
    ['the end of grace', { now: GRACE_END }, { state: 'expired', features: [], daysLeft: 0, code: null }],
    [
      'the end of grace, all devices taken',
      { now: GRACE_END, stored: { limitReached: true } },
      { state: 'limit-reached', features: [], code: '302' },
    ],
    ['a file that goes on, all devices taken', { stored: { limitReached: true } }, { state: 'valid' }],
    ['no grace', { now: EXPIRY, graceDays: 0 }, { state: 'expired' }],
    [
      'a license with an end',
      { file: { expiresAt: END.getTime() }, now: ISSUED + 1 },
      { state: 'valid', daysLeft: 100, expiresAt: END },
    ],
    [
      'an end that has passed in the server’s own grace',
      { file: { expiresAt: ISSUED - 1 } },
      { state: 'valid', daysLeft: 0 },
    ],
  ])('%s', (_, facts, expected) => {
    expect(decided(facts)).toMatchObject(expected)
  })

  it('lets a refusal precede a file that is valid', () => {
    const refused = decided({ stored: { refusal: { code: '204', at: 0 }, limitReached: true } })
    expect(refused).toMatchObject({ state: 'blocked', features: [] })
  })
})

describe('what is stored', () => {
  const NEW_FILE = { licenseKey: 'A', text: 'new', refreshAt: 5 }
  const REFUSED: Stored = { ...LICENSED, refusal: { code: '204', at: ISSUED } }

  it.each([[''], ['{'], ['null'], ['[]'], ['{"version":2,"licenseKey":"A"}']])(
    'counts as nothing if no version wrote it: %s',
    (text) => {
      expect(parseStored(text)).toEqual(NOTHING)
    },
  )

  it('is read as it was written, and wrong members get their default', () => {
    const stored: Stored = { ...REFUSED, refreshAt: 1, failures: 2, nextAttemptAt: 3, limitReached: true }
    expect(parseStored(JSON.stringify(stored))).toEqual(stored)
    const wrong = { version: 1, licenseKey: 7, file: {}, highestTime: 'x', refusal: { code: '200' } }
    expect(parseStored(JSON.stringify(wrong))).toEqual(NOTHING)
  })

  it('keeps another license that may work when a key is refused', () => {
    expect(withRefusal(LICENSED, 'B', '210', 0)).toEqual(LICENSED)
    expect(withLimit(LICENSED, 'B', 0, 0)).toEqual(LICENSED)
  })

  it('replaces a refused license, or none, by the answer to another key', () => {
    for (const stored of [REFUSED, NOTHING]) {
      const refusal = { code: '204', at: ISSUED } as const
      expect(withRefusal(stored, 'B', '204', ISSUED)).toMatchObject({ licenseKey: 'B', file: null, refusal })
      const limited = { licenseKey: 'B', file: null, refusal: null, limitReached: true }
      expect(withLimit(stored, 'B', ISSUED, 0)).toMatchObject(limited)
    }
  })

  it('keeps a refusal until the next file', () => {
    expect(withLimit(REFUSED, 'A', ISSUED, 0).refusal).not.toBeNull()
    expect(withFile(NEW_FILE, ISSUED).refusal).toBeNull()
  })

  it('heals a clock that ran ahead by the time of a new file', () => {
    expect(withFile(NEW_FILE, ISSUED).highestTime).toBe(ISSUED)
  })

  it('gives an old file from a person no way around a refusal or a later file', () => {
    const brought = (stored: Stored, issued: number, storedIssued: number | null) =>
      withBroughtFile(stored, NEW_FILE, issued, storedIssued)
    expect(brought(REFUSED, ISSUED + 999, null)).toBe(REFUSED)
    expect(brought(REFUSED, ISSUED + 1000, null)).toMatchObject({ file: 'new', refusal: null })
    expect(brought(LICENSED, ISSUED, ISSUED)).toBe(LICENSED)
    const ahead = { ...LICENSED, highestTime: EXPIRY }
    expect(brought(ahead, ISSUED + 1, ISSUED).highestTime).toBe(ISSUED + 1)
    expect(brought(ahead, ISSUED + 1, null).highestTime).toBe(EXPIRY)
    expect(brought({ ...ahead, licenseKey: 'B' }, ISSUED + 1, ISSUED).highestTime).toBe(EXPIRY)
  })
})

describe('the schedule', () => {
  const waits = (stored: Stored, random: number) => attempted(stored, 0, random).nextAttemptAt

  it('refreshes after a third of the file, spread by a tenth', () => {
    const third = (14 * DAY_MS) / 3
    expect(refreshTime(FILE, 0)).toBeCloseTo(ISSUED + third * 0.9)
    expect(refreshTime(FILE, 1)).toBeCloseTo(ISSUED + third * 1.1)
  })

  it('waits twice as long after each failure, at most 6 hours, spread by half', () => {
    const failed = (failures: number) => ({ ...LICENSED, failures })
    expect([0, 1, 5].map((failures) => waits(failed(failures), 0.5))).toEqual([60_000, 120_000, 1_920_000])
    expect(waits(failed(2000), 0.5)).toBe(6 * HOUR_MS)
    expect([waits(failed(2000), 0), waits(failed(2000), 1)]).toEqual([3 * HOUR_MS, 9 * HOUR_MS])
    expect(attempted(failed(4), 0, 0).failures).toBe(5)
  })

  it.each([
    ['seconds', '600', 600_000],
    ['a date', 'Tue, 24 Nov 2026 09:30:00 GMT', HOUR_MS],
    ['at most a day', '99999999', DAY_MS],
    ['never less than planned', '1', 60_000],
    ['nothing', null, 60_000],
    ['no time', 'soon', 60_000],
    ['a time that has passed', 'Tue, 24 Nov 2020 09:30:00 GMT', 60_000],
  ])('follows Retry-After: %s', (_, header, delay) => {
    const stored = { ...LICENSED, nextAttemptAt: ISSUED + 60_000 }
    expect(postponed(stored, ISSUED, header).nextAttemptAt).toBe(ISSUED + delay)
  })

  it.each([
    ['not without a license key', { licenseKey: null }, 'unlicensed', false],
    ['not before the time', { refreshAt: ISSUED + 1 }, 'valid', false],
    ['at the time', { refreshAt: ISSUED }, 'valid', true],
    ['immediately if the license does not work', { refreshAt: EXPIRY }, 'grace', true],
    ['immediately if it is blocked', { refreshAt: EXPIRY }, 'blocked', true],
    ['not before the next attempt', { nextAttemptAt: ISSUED + 1 }, 'expired', false],
    ['at the next attempt', { nextAttemptAt: ISSUED }, 'expired', true],
    ['if the clock ran ahead at the last attempt', { nextAttemptAt: ISSUED + DAY_MS + 1 }, 'expired', true],
  ] as const)('is due %s', (_, stored, state, due) => {
    expect(isDue({ ...LICENSED, ...stored }, state, ISSUED)).toBe(due)
  })
})
