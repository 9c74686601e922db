/** The protocol's date formats. All are UTC; ISO 8601 dates have six fractional digits. */

export const DAY_MILLISECONDS = 86_400_000

/** Milliseconds UTC. Later dates have five digits for the year, which the formats below do not. */
export const LAST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
const FIRST_INSTANT = Date.parse('0000-01-01T00:00:00Z')

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

const DATE_AND_TIME = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(\.\d+)?(?:Z|([+-])(\d{2}):?(\d{2}))?$/
const MINUTE_MILLISECONDS = 60_000

/**
 * @param text `2024-11-23 19:02:08` or ISO 8601: `2024-11-23T19:02:08.829115+01:00`. Without an offset it is UTC
 * @returns milliseconds UTC, or undefined if the format, day, time or offset is invalid, or the year has not four digits in UTC
 */
export function parseDateAndTime(text: string): number | undefined {
  const [, date, time, fraction = '', sign, hours = '0', minutes = '0'] = DATE_AND_TIME.exec(text) ?? []
  const local = Date.parse(`${date}T${time}Z`)
  // A date like February 30 or a time like 24:00 does not survive the round trip.
  if (Number.isNaN(local) || dateAndTime(local) !== `${date} ${time}`) return undefined
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined
  const offset = (Number(hours) * 60 + Number(minutes)) * MINUTE_MILLISECONDS
  const milliseconds = Number(fraction.slice(1, 4).padEnd(3, '0'))
  const instant = local + milliseconds + (sign === '-' ? offset : -offset)
  return instant >= FIRST_INSTANT && instant <= LAST_INSTANT ? instant : undefined
}

/** @param instant milliseconds UTC */
export function unixSeconds(instant: number): number {
  return Math.floor(instant / 1000)
}
