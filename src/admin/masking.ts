/** What viewers see of license keys. */

const SHOWN_CHARACTERS = 4

/** The first characters of a key that is long enough to stay unknown. */
export function maskedKey(licenseKey: string): string {
  return licenseKey.length >= 4 * SHOWN_CHARACTERS ? `${licenseKey.slice(0, SHOWN_CHARACTERS)}…` : '…'
}
