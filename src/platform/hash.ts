/** SHA-256 (FIPS 180-4) as lowercase hex, the form that the database stores. */

/** Each byte as two characters. Node 24, which runs the command line, lacks `toHex`. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** @returns 64 lowercase hex characters */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
  let hex = ''
  for (const byte of digest) hex += HEX[byte]
  return hex
}

export function sha256HexOfText(text: string): Promise<string> {
  return sha256Hex(new TextEncoder().encode(text))
}
