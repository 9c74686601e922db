/** Rules for the names and e-mail addresses of license key owners, for orders from any source. */

export const OWNER_NAME_CHARACTERS_MAX = 255
export const OWNER_EMAIL_CHARACTERS_MAX = 254

/**
 * A local part and a domain with at least one dot (RFC 5321 section 4.1.2), in any script (RFC 6531). Quoted
 * local parts, comments and address literals are rejected, since no shop sends them.
 */
const EMAIL_ADDRESS =
  /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*@(?:[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?\.)+[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])$/u

/** RFC 5321 section 4.5.3.1.1. */
const EMAIL_LOCAL_PART_OCTETS_MAX = 64

/** The protocol's placeholder for an unknown name or e-mail address. */
export const NOT_SET = 'Not set'

/** @param value trimmed */
export function isOwnerName(value: string): boolean {
  return isTextOfAtMost(value, OWNER_NAME_CHARACTERS_MAX)
}

export function isEmailAddress(value: string): boolean {
  const localPart = value.slice(0, value.lastIndexOf('@'))
  return (
    isTextOfAtMost(value, OWNER_EMAIL_CHARACTERS_MAX) &&
    new TextEncoder().encode(localPart).byteLength <= EMAIL_LOCAL_PART_OCTETS_MAX &&
    EMAIL_ADDRESS.test(value)
  )
}

/** Counts Unicode code points, like SQLite's length(). Rejects lone surrogates and control characters. */
export function isTextOfAtMost(value: string, charactersMax: number): boolean {
  const characters = [...value].length
  return characters >= 1 && characters <= charactersMax && value.isWellFormed() && !/\p{Cc}/u.test(value)
}
