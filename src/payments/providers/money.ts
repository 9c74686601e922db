/** Amounts that a shop sends as decimal text. */

const FRACTION_DIGITS_DEFAULT = 2

/**
 * Reads digits and not a floating-point number, so that sums are exact.
 *
 * @param amount a positive decimal number as text, such as `1.50`
 * @param currency a code of ISO 4217
 * @returns the amount in the smallest unit of the currency, rounded; undefined if it is not usable
 */
export function minorUnits(amount: unknown, currency: unknown): number | undefined {
  const [, whole, fraction = ''] = /^(\d{1,12})(?:\.(\d{1,10}))?$/.exec(String(amount)) ?? []
  if (whole === undefined) return undefined
  const digits = fractionDigits(currency)
  const kept = Number(whole + fraction.slice(0, digits).padEnd(digits, '0'))
  return kept + (fraction.charAt(digits) >= '5' ? 1 : 0)
}

function fractionDigits(currency: unknown): number {
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency)) return FRACTION_DIGITS_DEFAULT
  const format = new Intl.NumberFormat('en', { style: 'currency', currency })
  return format.resolvedOptions().maximumFractionDigits ?? FRACTION_DIGITS_DEFAULT
}
