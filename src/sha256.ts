/**
 * SHA-256 (FIPS 180-4) of the text's UTF-8 bytes, in lower-case hex.
 *
 * Written out, since the scripts hash API keys with it too and Node 24 has no `toHex`.
 */
export async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
