/** Rules for the names and e-mail addresses of license key owners, for orders from any source. */

export const OWNER_NAME_CHARACTERS_MAX = 255
export const OWNER_EMAIL_CHARACTERS_MAX = 254

/**
 * A local part and a domain with at least one dot, in any script (RFC 6531). Dots may stand anywhere in the local
 * part, as in WordPress (`is_email`): what a shop took as an address is one, and its buyer waits for the key. All
 * characters that could add a header, a second address or a name to an e-mail are left out.
 */
const EMAIL_ADDRESS =
  /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~.-]+@(?:[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?\.)+[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?$/u

/** The protocol's placeholder for an unknown name or e-mail address. */
export const NOT_SET = 'Not set'

/** The owner of a license whose owner was erased. No mail can be sent to the address: RFC 2606 reserves its domain. */
export const ERASED_NAME = 'Erased'
export const ERASED_EMAIL = 'erased@owner.invalid'

/** @param value trimmed */
export function isOwnerName(value: string): boolean {
  return isTextOfAtMost(value, OWNER_NAME_CHARACTERS_MAX)
}

/**
 * Makes one line of a name and cuts it. The sender is a machine that cannot correct it, and a buyer waits.
 *
 * @returns at most 255 characters, trimmed. Other control characters stay, and `isOwnerName` rejects them
 */
export function cleanedOwnerName(value: string): string {
  const line = value.replaceAll(/[\t\r\n]+/g, ' ').trim()
  return [...line].slice(0, OWNER_NAME_CHARACTERS_MAX).join('').trim()
}

/** @param value trimmed */
export function isEmailAddress(value: string): boolean {
  return isTextOfAtMost(value, OWNER_EMAIL_CHARACTERS_MAX) && EMAIL_ADDRESS.test(value)
}

/** Counts Unicode code points, like SQLite's length(). Rejects lone surrogates and control characters. */
export function isTextOfAtMost(value: string, charactersMax: number): boolean {
  // A code point has at most two code units. A long text is not worth counting.
  if (value.length > 2 * charactersMax) return false
  const characters = [...value].length
  return characters >= 1 && characters <= charactersMax && value.isWellFormed() && !/\p{Cc}/u.test(value)
}
