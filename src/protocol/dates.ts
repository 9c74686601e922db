/** Instants as the protocol writes them: ISO 8601, UTC, always six fractional digits. */

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
 * @returns milliseconds UTC; undefined where it is no such text, or there is no such day or time
 */
export function instantOf(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text)) return undefined
  const instant = Date.parse(`${text.replace(' ', 'T')}Z`)
  // What does not come back as it was is a 30th of February, or 24 o'clock.
  return Number.isNaN(instant) || dateAndTime(instant) !== text ? undefined : instant
}

/** @param instant milliseconds UTC */
export function unixSeconds(instant: number): number {
  return Math.floor(instant / 1000)
}
