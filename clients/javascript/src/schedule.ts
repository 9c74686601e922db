/** When the app asks the server again. No I/O and no clock: time and randomness are parameters. */
import type { LicenseFile } from './license-file-contents.ts'
import type { State } from './state.ts'
import type { Stored } from './stored.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const BACKOFF_MAX_MS = 6 * HOUR_MS
/** Retry-After is not signed, so it must not keep an app from asking for long. */
const RETRY_AFTER_MAX_MS = 24 * HOUR_MS
/** After the answer that all devices are taken. */
export const LIMIT_REACHED_DELAY_MS = HOUR_MS

/** A third of the file's life, spread so that the apps of one day do not all ask in the same minute. */
export function refreshTime({ issued, expiry }: LicenseFile, random: number): number {
  return issued + ((expiry - issued) / 3) * (0.9 + 0.2 * random)
}

/**
 * Counts an attempt as a failure before the request is sent, so that other processes do not ask too. Only a license file
 * resets it: an app that is refused does not ask at each check.
 */
export function attempted(stored: Stored, now: number, random: number): Stored {
  const delay = Math.min(BACKOFF_MAX_MS, MINUTE_MS * 2 ** stored.failures) * (0.5 + random)
  return { ...stored, failures: stored.failures + 1, nextAttemptAt: now + delay }
}

/** @param header Retry-After: seconds or a date (RFC 9110 section 10.2.3) */
export function postponed(stored: Stored, now: number, header: string | null): Stored {
  const text = header?.trim() ?? ''
  const delay = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  if (!(delay > 0)) return stored
  const nextAttemptAt = Math.max(stored.nextAttemptAt, now + Math.min(delay, RETRY_AFTER_MAX_MS))
  return { ...stored, nextAttemptAt }
}

/** A license that does not work is due before its time, because a renewal or a free device may bring it back. */
export function isDue({ licenseKey, refreshAt, nextAttemptAt }: Stored, state: State, now: number): boolean {
  if (licenseKey === null || (state === 'valid' && now < refreshAt)) return false
  // No wait is this long, so the clock ran ahead when it began.
  return now >= nextAttemptAt || nextAttemptAt - now > RETRY_AFTER_MAX_MS
}
