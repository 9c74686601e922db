/** The decision: what is stored and the time give a status. No I/O and no clock. */
import { CLOCK_TOLERANCE_MS, type FileReading, type LicenseFile } from './license-file-contents.ts'
import { REFUSALS, type Stored } from './stored.ts'

const DAY_MS = 86_400_000

export type State =
  | 'valid'
  | 'grace'
  | 'expired'
  | 'blocked'
  | 'limit-reached'
  | 'unlicensed'
  | 'clock-set-back'
  | 'tampered'

export type Reason =
  | 'unreachable'
  | 'not-trusted'
  | 'refused'
  | 'wrong-machine'
  | 'other-product'
  | 'file-invalid'

export interface Status {
  readonly state: State
  /** Empty unless the state is `valid` or `grace`. */
  readonly features: readonly string[]
  /** The end of the license, null if it has none or if it is unknown. */
  readonly expiresAt: Date | null
  /** Until the license ends (`valid`; null: never) or until the grace period ends (`grace`), rounded up. Otherwise 0. */
  readonly daysLeft: number | null
  /** The signed code that decided, null if none did. */
  readonly code: string | null
  readonly reason: Reason | null
}

export interface Facts {
  readonly stored: Stored
  /** The stored file, null if there is none. */
  readonly reading: FileReading | null
  readonly now: number
  readonly graceDays: number
}

export function statusOf(state: State, more: Partial<Status> = {}): Status {
  return { state, features: [], expiresAt: null, daysLeft: 0, code: null, reason: null, ...more }
}

export function decide({ stored, reading, now, graceDays }: Facts): Status {
  const { licenseKey, refusal, limitReached, highestTime } = stored
  if (licenseKey === null) return statusOf('unlicensed')
  if (refusal !== null) return statusOf(REFUSALS[refusal.code], { code: refusal.code })
  if (reading === null)
    return limitReached ? statusOf('limit-reached', { code: '302' }) : statusOf('unlicensed')
  if (reading.kind === 'tampered') return statusOf('tampered', { reason: 'file-invalid' })
  if (reading.kind !== 'read') return statusOf('unlicensed', { reason: reading.kind })
  const { file } = reading
  const expiresAt = file.expiresAt === null ? null : new Date(file.expiresAt)
  if (Math.max(highestTime, file.issued) - now > CLOCK_TOLERANCE_MS) {
    return statusOf('clock-set-back', { expiresAt })
  }
  return { ...decideByTime(file, now, graceDays, limitReached), expiresAt }
}

function decideByTime(file: LicenseFile, now: number, graceDays: number, limitReached: boolean): Status {
  const { features, expiry, expiresAt } = file
  const graceEnd = expiry + graceDays * DAY_MS
  if (now < expiry) {
    return statusOf('valid', { features, daysLeft: expiresAt === null ? null : daysUntil(expiresAt, now) })
  }
  if (now < graceEnd) return statusOf('grace', { features, daysLeft: daysUntil(graceEnd, now) })
  return limitReached ? statusOf('limit-reached', { code: '302' }) : statusOf('expired')
}

function daysUntil(end: number, now: number): number {
  return Math.max(0, Math.ceil((end - now) / DAY_MS))
}
