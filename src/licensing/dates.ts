/** Instants as the protocol writes them: ISO 8601, UTC, always six fractional digits. */

/** @param instant milliseconds UTC; `2024-11-23T19:02:08.829000Z` */
export function withMilliseconds(instant: number): string {
  return `${new Date(instant).toISOString().slice(0, -1)}000Z`
}

/** @param instant milliseconds UTC; `2024-11-23T19:02:08.000000Z` */
export function withoutMilliseconds(instant: number): string {
  return `${new Date(instant).toISOString().slice(0, -5)}.000000Z`
}

/** @param instant milliseconds UTC */
export function unixSeconds(instant: number): number {
  return Math.floor(instant / 1000)
}
