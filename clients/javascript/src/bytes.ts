/** Conversions between text and bytes, with functions that Node.js 20 and Chrome 120 have. */

export type Bytes = Uint8Array<ArrayBuffer>

export function utf8(text: string): Bytes {
  return Uint8Array.from(new TextEncoder().encode(text))
}

/** @returns null if the bytes are not UTF-8 */
export function textOf(bytes: Bytes): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    return null
  }
}

/** @returns null if the text is not base64 (RFC 4648 section 4) */
export function fromBase64(text: string): Bytes | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    return null
  }
}

/** @returns null if the text is not the base64 of UTF-8 */
export function textFromBase64(base64: string): string | null {
  const bytes = fromBase64(base64)
  return bytes === null ? null : textOf(bytes)
}

/** RFC 4648 section 5, without padding. */
export function base64UrlOf(text: string): string {
  return btoa(String.fromCharCode(...utf8(text)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

export function fromHex(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
}

export function hexOf(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export async function sha256(text: string): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(text)))
}

/** The members of a JSON object. Any other value has none, so that reading a member of it gives undefined. */
export function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/** @returns no members if the text is not a JSON object */
export function parseMembers(json: string | null): Readonly<Record<string, unknown>> {
  try {
    return membersOf(JSON.parse(json ?? ''))
  } catch {
    return {}
  }
}
