/**
 * The sealed envelope: every answer, signed so that anyone can verify it, also without a connection.
 *
 * The signature covers the very characters that are sent: the response is serialised once, and the same text
 * is embedded and encoded.
 */

import type { KeyScope, SigningKey } from '../signing/signing-keys.ts'
import type { Code } from './codes.ts'

/** The protocol's text in place of a signature. */
export const NO_SIGNATURE = 'Private key not set'

/**
 * @param code decides `code` and `message`
 * @param fields the endpoint's own, between `message` and `timestamp`
 * @param timestamp Unix seconds
 * @returns the JSON text of `response`, its fields in the protocol's order
 */
export function serialiseResponse(
  code: Code,
  fields: Readonly<Record<string, unknown>>,
  timestamp: number,
): string {
  return JSON.stringify({ code: code.code, message: code.message, ...fields, timestamp })
}

/**
 * @param responseText JSON text
 * @returns the JSON text of the envelope; `signature` is base64 (RFC 4648 section 4) over the ASCII characters
 *   of `response_base64`
 */
export async function seal(responseText: string, key: SigningKey): Promise<string> {
  const encoder = new TextEncoder()
  const responseBase64 = encoder.encode(responseText).toBase64()
  const signature = await sign(encoder.encode(responseBase64), key)
  return envelope(responseText, responseBase64, key.scope, signature)
}

/**
 * Signs by the key's own scheme, never by one taken from input: RSASSA-PKCS1-v1_5, whose hash belongs to the key
 * (RFC 8017 section 8.2), or Ed25519 (RFC 8032 section 5.1.6). Both give the same signature each time.
 *
 * @param signed the characters of `response_base64`
 * @returns base64 of the signature
 */
export async function sign(signed: BufferSource, { privateKey, scheme }: SigningKey): Promise<string> {
  return new Uint8Array(await crypto.subtle.sign(scheme, privateKey, signed)).toBase64()
}

/** The envelope of a server that has no usable key: the protocol's text stands where the signature would. */
export function leaveUnsealed(responseText: string): string {
  return envelope(responseText, new TextEncoder().encode(responseText).toBase64(), 'global', NO_SIGNATURE)
}

function envelope(responseText: string, responseBase64: string, scope: KeyScope, signature: string): string {
  const [beforeResponse, beforeBase64, afterBase64] = envelopeFrame(scope, signature)
  return `${beforeResponse}${responseText}${beforeBase64}${responseBase64}${afterBase64}`
}

/**
 * What stands before the response, between it and its base64, and after that. Nothing here needs escaping but the
 * response, which is JSON text already.
 */
export function envelopeFrame(scope: KeyScope, signature: string): readonly [string, string, string] {
  return [
    '{"response":',
    ',"response_base64":"',
    `","private_key_used":"${scope}","signature":"${signature}"}`,
  ]
}
