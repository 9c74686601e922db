/** The request that a machine without a connection shows, as text or in the fragment of an address. */
import * as z from 'zod/mini'
import { parseJson } from '../platform/json.ts'
import { choice, optional, plainText } from '../protocol/fields.ts'

/** Three times the longest request: 255 characters of four bytes each in both texts, as base64. */
const CHARACTERS_MAX = 8_192

const schema = z.object({
  license_key: plainText('license_key', 255),
  identifier: plainText('identifier', 255),
  algorithm: optional(choice('algorithm', ['ed25519', 'rsa-sha256'])),
})

export type OfflineRequest = z.output<typeof schema>

/**
 * @param text base64url of a JSON object, or an address with it in its fragment. White space and invisible characters
 * are ignored, since people copy the text from e-mails and chats
 * @returns undefined if it is no request
 */
export function readOfflineRequest(text: string): OfflineRequest | undefined {
  const base64url = text.slice(text.lastIndexOf('#') + 1).replaceAll(/[\s\p{Cf}]+/gu, '')
  if (base64url.length > CHARACTERS_MAX) return undefined
  return schema.safeParse(parseJson(decoded(base64url))).data
}

/** @returns an empty text if it is not base64url of UTF-8 */
function decoded(base64url: string): string {
  try {
    const bytes = Uint8Array.fromBase64(base64url, { alphabet: 'base64url' })
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    return ''
  }
}
