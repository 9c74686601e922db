/** The protocol's date formats. All are UTC; ISO 8601 dates have six fractional digits. */

export const DAY_MILLISECONDS = 86_400_000

/** @param instant milliseconds UTC; `2024-11-23T19:02:08.829000Z` */
export function withMilliseconds(instant: number): string {
  return `${new Date(instant).toISOString().slice(0, -1)}000Z`
}

/** @param instant milliseconds UTC; `2024-11-23T19:02:08.000000Z` */
export function withoutMilliseconds(instant: number): string {
  return `${new Date(instant).toISOString().slice(0, -5)}.000000Z`
}

/** @param instant milliseconds UTC; `2024-11-23 19:02:08` */
export function dateAndTime(instant: number): string {
  return new Date(instant).toISOString().slice(0, -5).replace('T', ' ')
}

/**
 * @param text `2024-11-23 19:02:08`, UTC
 * @returns milliseconds UTC, or undefined if the format, day or time is invalid
 */
export function parseDateAndTime(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text)) return undefined
  const instant = Date.parse(`${text.replace(' ', 'T')}Z`)
  // A date like February 30 or a time like 24:00 does not survive the round trip.
  return Number.isNaN(instant) || dateAndTime(instant) !== text ? undefined : instant
}

/** @param instant milliseconds UTC */
export function unixSeconds(instant: number): number {
  return Math.floor(instant / 1000)
}
