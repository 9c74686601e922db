/**
 * The sealed envelope of a long response. It reads and sends the response in pieces and produces the same
 * characters as `seal`.
 *
 * Memory: only one copy of the response's base64 is kept. Web Crypto cannot sign a stream, so the signed text
 * must be complete before it is sent. The response itself is decoded from the base64 while it is sent.
 */

import type { SigningKey } from '../signing/signing-keys.ts'
import { envelopeFrame, sign } from './envelope.ts'

export interface LongEnvelope {
  readonly kind: 'sealed'
  readonly byteLength: number
  /** Each call starts again at the beginning of the envelope. */
  readonly pieces: () => Iterable<Uint8Array>
}

export interface LongResponse {
  /** Pieces of JSON text of about equal length. */
  readonly pieces: AsyncIterable<string>
  readonly piecesCount: number
}

/** Base64 characters per piece of the body. A multiple of four, so that pieces can be decoded separately. */
const SLICE_CHARACTERS = 262_144

/** @param bytesMax the longest allowed response; reading stops when it is exceeded */
export async function sealLong(
  response: LongResponse,
  key: SigningKey,
  bytesMax: number,
): Promise<LongEnvelope | { readonly kind: 'too-long' }> {
  const base64 = await base64Of(response, bytesMax)
  if (!base64) return { kind: 'too-long' }
  const encoder = new TextEncoder()
  const frame = envelopeFrame(key.scope, await sign(base64, key)).map((text) => encoder.encode(text))
  const frameBytes = frame.reduce((sum, { byteLength }) => sum + byteLength, 0)
  return {
    kind: 'sealed',
    byteLength: frameBytes + decodedLength(base64) + base64.byteLength,
    pieces: () => piecesOf(frame, base64),
  }
}

function* piecesOf(
  [beforeResponse, beforeBase64, afterBase64]: readonly Uint8Array[],
  base64: Uint8Array,
): Iterable<Uint8Array> {
  if (beforeResponse) yield beforeResponse
  for (const characters of slicesOf(base64)) yield decode(characters)
  if (beforeBase64) yield beforeBase64
  yield* slicesOf(base64)
  if (afterBase64) yield afterBase64
}

function* slicesOf(base64: Uint8Array): Iterable<Uint8Array> {
  for (let start = 0; start < base64.byteLength; start += SLICE_CHARACTERS) {
    yield base64.subarray(start, start + SLICE_CHARACTERS)
  }
}

function decode(characters: Uint8Array): Uint8Array {
  return Uint8Array.fromBase64(new TextDecoder().decode(characters))
}

function decodedLength(base64: Uint8Array): number {
  const padding = base64.subarray(-2).filter((byte) => byte === 0x3d).byteLength
  return (base64.byteLength / 4) * 3 - padding
}

/** @returns the base64 of the response, or undefined if the response is longer than `bytesMax` */
async function base64Of(
  { pieces, piecesCount }: LongResponse,
  bytesMax: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const encoder = new TextEncoder()
  let buffer = new Uint8Array(0)
  let length = 0
  let responseBytes = 0
  // Base64 encodes groups of three bytes. The remaining bytes of a piece are encoded with the next one.
  let rest: Uint8Array = new Uint8Array(0)

  function append(bytes: Uint8Array): void {
    const characters = bytes.toBase64()
    if (length === 0) buffer = new Uint8Array(Math.ceil(characters.length * piecesCount * 1.01))
    if (length + characters.length > buffer.byteLength) {
      // transfer() frees or reuses the old buffer.
      buffer = new Uint8Array(buffer.buffer.transfer(length + characters.length))
    }
    encoder.encodeInto(characters, buffer.subarray(length))
    length += characters.length
  }

  for await (const piece of pieces) {
    const bytes = joined(rest, encoder.encode(piece))
    responseBytes += bytes.byteLength - rest.byteLength
    if (responseBytes > bytesMax) return undefined
    const whole = bytes.byteLength - (bytes.byteLength % 3)
    append(bytes.subarray(0, whole))
    rest = bytes.slice(whole)
  }
  append(rest)
  return buffer.subarray(0, length)
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.byteLength === 0) return second
  const both = new Uint8Array(first.byteLength + second.byteLength)
  both.set(first)
  both.set(second, first.byteLength)
  return both
}
