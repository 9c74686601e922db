/** SHA-256 (FIPS 180-4), written as the database holds it. */

/** Each byte as two characters. Not `toHex`, which Node 24 lacks: scripts that add API keys use this file too. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** @returns 64 characters of lower-case hex */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
  let hex = ''
  for (const byte of digest) hex += HEX[byte]
  return hex
}

/** Of the text's UTF-8 bytes. */
export function sha256HexOfText(text: string): Promise<string> {
  return sha256Hex(new TextEncoder().encode(text))
}
