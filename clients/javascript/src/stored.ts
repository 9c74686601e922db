/** What the app remembers between runs, and how each event changes it. No I/O and no clock. */
import { membersOf, parseMembers } from './bytes.ts'

/** The signed codes that take a license away, with the state that each one gives. */
export const REFUSALS = {
  '201': 'unlicensed',
  '203': 'blocked',
  '204': 'blocked',
  '205': 'expired',
  '210': 'unlicensed',
} as const
export type RefusalCode = keyof typeof REFUSALS

/** Instants are milliseconds since 1970. */
export interface Stored {
  readonly version: 1
  readonly licenseKey: string | null
  /** The text of the license file. */
  readonly file: string | null
  readonly highestTime: number
  readonly refusal: { readonly code: RefusalCode; readonly at: number } | null
  /** Whether the server said that all devices of the license are taken. */
  readonly limitReached: boolean
  readonly refreshAt: number
  /** Refreshes without a signed answer about the license, since the last one that had it. */
  readonly failures: number
  readonly nextAttemptAt: number
  /** The license key of an offline request. */
  readonly pendingKey: string | null
}

export const NOTHING: Stored = {
  version: 1,
  licenseKey: null,
  file: null,
  highestTime: 0,
  refusal: null,
  limitReached: false,
  refreshAt: 0,
  failures: 0,
  nextAttemptAt: 0,
  pendingKey: null,
}

/** @returns nothing for a text that no version wrote, and the default for each member that is wrong */
export function parseStored(text: string | null): Stored {
  const members = parseMembers(text)
  if (members.version !== 1) return NOTHING
  const { code, at } = membersOf(members.refusal)
  return {
    version: 1,
    licenseKey: textOrNull(members.licenseKey),
    file: textOrNull(members.file),
    highestTime: numberOrZero(members.highestTime),
    refusal: isRefusal(code) ? { code, at: numberOrZero(at) } : null,
    limitReached: members.limitReached === true,
    refreshAt: numberOrZero(members.refreshAt),
    failures: numberOrZero(members.failures),
    nextAttemptAt: numberOrZero(members.nextAttemptAt),
    pendingKey: textOrNull(members.pendingKey),
  }
}

export function isRefusal(code: unknown): code is RefusalCode {
  return typeof code === 'string' && Object.hasOwn(REFUSALS, code)
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function numberOrZero(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

export interface NewFile {
  readonly licenseKey: string
  readonly text: string
  readonly refreshAt: number
}

/**
 * A file that the server just sent. It replaces everything.
 *
 * @param highestTime the server's time, also if it is earlier than the highest so far: this heals a clock that once ran
 * ahead
 */
export function withFile({ licenseKey, text, refreshAt }: NewFile, highestTime: number): Stored {
  return { ...NOTHING, licenseKey, file: text, refreshAt, highestTime }
}

/** A refusal has a time in whole seconds, so a file of the same second may be older. */
const SECOND_MS = 1000

/**
 * A file that a person brought. It may be an old copy, so it neither ends a later refusal nor replaces a later file, and only
 * a file that is newer than the stored one heals a clock that once ran ahead.
 *
 * @param issued when the file was issued
 * @param storedIssued when the stored file was issued, null if there is none that can be read
 */
export function withBroughtFile(
  stored: Stored,
  file: NewFile,
  issued: number,
  storedIssued: number | null,
): Stored {
  const highestTime = Math.max(stored.highestTime, issued)
  if (stored.licenseKey !== file.licenseKey) return withFile(file, highestTime)
  if (stored.refusal !== null && issued < stored.refusal.at + SECOND_MS) return stored
  if (storedIssued === null) return withFile(file, highestTime)
  return issued > storedIssued ? withFile(file, issued) : stored
}

/** Another license that may still work is kept: a mistyped key must not take it away. */
export function withRefusal(stored: Stored, licenseKey: string, code: RefusalCode, at: number): Stored {
  const highestTime = Math.max(stored.highestTime, at)
  if (keepsAnother(stored, licenseKey)) return { ...stored, highestTime }
  return { ...withKey(stored, licenseKey), highestTime, refusal: { code, at }, limitReached: false }
}

/** An existing file goes on until its end. A refusal stays until the next file. */
export function withLimit(stored: Stored, licenseKey: string, at: number, refreshAt: number): Stored {
  const highestTime = Math.max(stored.highestTime, at)
  if (keepsAnother(stored, licenseKey)) return { ...stored, highestTime }
  return { ...withKey(stored, licenseKey), highestTime, limitReached: true, refreshAt }
}

function keepsAnother({ licenseKey, file, refusal }: Stored, newKey: string): boolean {
  return licenseKey !== null && licenseKey !== newKey && file !== null && refusal === null
}

function withKey(stored: Stored, licenseKey: string): Stored {
  const { pendingKey } = stored
  return stored.licenseKey === licenseKey ? stored : { ...NOTHING, pendingKey, licenseKey }
}

/** The highest time stays: it belongs to the device, not to the license. */
export function forgotten({ highestTime }: Stored): Stored {
  return { ...NOTHING, highestTime }
}
