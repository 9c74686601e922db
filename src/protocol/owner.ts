/** Who owns license keys: what counts as a name and as an e-mail address, wherever an order comes from. */

export const OWNER_NAME_CHARACTERS_MAX = 255
export const OWNER_EMAIL_CHARACTERS_MAX = 254

/**
 * A local part and a domain with at least one dot (RFC 5321 section 4.1.2), in any script (RFC 6531), without
 * quoted local parts, comments and address literals, which no shop sends.
 */
const EMAIL_ADDRESS =
  /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*@(?:[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?\.)+[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])$/u

/** RFC 5321 section 4.5.3.1.1. */
const EMAIL_LOCAL_PART_OCTETS_MAX = 64

/** The protocol's text for what nobody has told. */
export const NOT_SET = 'Not set'

/** @param value trimmed text: 1 to 255 characters, none of them a control character */
export function isOwnerName(value: string): boolean {
  return isTextOfAtMost(value, OWNER_NAME_CHARACTERS_MAX)
}

/** @param value text of at most 254 characters */
export function isEmailAddress(value: string): boolean {
  const localPart = value.slice(0, value.lastIndexOf('@'))
  return (
    isTextOfAtMost(value, OWNER_EMAIL_CHARACTERS_MAX) &&
    new TextEncoder().encode(localPart).byteLength <= EMAIL_LOCAL_PART_OCTETS_MAX &&
    EMAIL_ADDRESS.test(value)
  )
}

/** Characters are Unicode code points, as SQLite's length() counts them; a lone surrogate is none. */
export function isTextOfAtMost(value: string, charactersMax: number): boolean {
  const characters = [...value].length
  return characters >= 1 && characters <= charactersMax && value.isWellFormed() && !/\p{Cc}/u.test(value)
}
