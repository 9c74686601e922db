/** SHA-256 (FIPS 180-4), written as the database holds it. */

/**
 * Written out, since the scripts that add API keys use it too and Node 24 has no `toHex`.
 *
 * @returns 64 characters of lower-case hex
 */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Of the text's UTF-8 bytes. */
export function sha256HexOfText(text: string): Promise<string> {
  return sha256Hex(new TextEncoder().encode(text))
}
