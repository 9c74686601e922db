/**
 * The sealed envelope: a signed response that anyone can verify, even offline.
 *
 * The response is serialized once. The same text is embedded and base64-encoded, so the signature covers
 * exactly the characters that are sent.
 */

import type { KeyScope, SigningKey } from '../signing/signing-keys.ts'
import type { Code } from './codes.ts'

/** The protocol's placeholder for a missing signature. */
export const NO_SIGNATURE = 'Private key not set'

/**
 * @param fields the endpoint's own fields, placed between `message` and `timestamp`
 * @param timestamp Unix seconds
 * @param proof the last member, if the request asked for it
 * @returns the JSON text of `response`, with its fields in the protocol's order
 */
export function serializeResponse(
  code: Code,
  fields: Readonly<Record<string, unknown>>,
  timestamp: number,
  proof?: Readonly<Record<string, unknown>>,
): string {
  return JSON.stringify({
    code: code.code,
    message: code.message,
    ...fields,
    timestamp,
    ...(proof && { proof }),
  })
}

/**
 * @param responseText JSON text
 * @returns the JSON text of the envelope; its `signature` is in base64 (RFC 4648 section 4) and covers the
 * characters of `response_base64`
 */
export async function seal(responseText: string, key: SigningKey): Promise<string> {
  const encoder = new TextEncoder()
  const responseBase64 = encoder.encode(responseText).toBase64()
  const signature = await sign(encoder.encode(responseBase64), key)
  return envelope(responseText, responseBase64, key.scope, signature)
}

/** By signing key and code: the last envelope without fields of its own. */
const lastSealed = new WeakMap<
  SigningKey,
  Map<Code['code'], { readonly text: string; readonly envelope: string }>
>()

/**
 * Seals a response that has no fields of its own. Within a second, it has the same bytes for every caller, so it is signed
 * once: endless requests for unknown paths or keys cost no signature each.
 *
 * @param timestamp Unix seconds
 * @returns as `seal`
 */
export async function sealCode(code: Code, timestamp: number, key: SigningKey): Promise<string> {
  const text = serializeResponse(code, {}, timestamp)
  const sealed = lastSealed.get(key) ?? new Map()
  const last = sealed.get(code.code)
  if (last?.text === text) return last.envelope
  const envelope = await seal(text, key)
  lastSealed.set(key, sealed.set(code.code, { text, envelope }))
  return envelope
}

/**
 * Signs with the scheme of the key, never with one taken from input: RSASSA-PKCS1-v1_5 with the hash that was
 * set on import (RFC 8017 section 8.2), or Ed25519 (RFC 8032 section 5.1.6). Both are deterministic.
 *
 * @param signed the characters of `response_base64`
 * @returns base64 of the signature
 */
export async function sign(signed: BufferSource, { privateKey, scheme }: SigningKey): Promise<string> {
  return new Uint8Array(await crypto.subtle.sign(scheme, privateKey, signed)).toBase64()
}

/** The envelope if there is no usable signing key. */
export function unsignedEnvelope(responseText: string): string {
  return envelope(responseText, new TextEncoder().encode(responseText).toBase64(), 'global', NO_SIGNATURE)
}

function envelope(responseText: string, responseBase64: string, scope: KeyScope, signature: string): string {
  const [beforeResponse, beforeBase64, afterBase64] = envelopeFrame(scope, signature)
  return `${beforeResponse}${responseText}${beforeBase64}${responseBase64}${afterBase64}`
}

/** The text before `response`, between it and its base64, and after that. No value in it needs escaping. */
export function envelopeFrame(scope: KeyScope, signature: string): readonly [string, string, string] {
  return [
    '{"response":',
    ',"response_base64":"',
    `","private_key_used":"${scope}","signature":"${signature}"}`,
  ]
}
