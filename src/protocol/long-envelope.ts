/**
 * The sealed envelope of a response that is long: the same characters as `seal` makes, from a response that comes in
 * pieces to a body that goes in pieces.
 *
 * Guarantees: of everything that grows with the response only its base64 is held, once. It has to be: the signature
 * covers it, the platform signs nothing that comes in pieces, and the signature stands behind it. The response itself
 * is made of it a second time while it is sent.
 */

import type { SigningKey } from '../signing/signing-keys.ts'
import { envelopeFrame, sign } from './envelope.ts'

export interface LongEnvelope {
  readonly kind: 'sealed'
  readonly byteLength: number
  /** The envelope from its beginning, each time it is asked for. */
  readonly pieces: () => Iterable<Uint8Array>
}

export interface LongResponse {
  /** Pieces of JSON text, of about the same length. */
  readonly pieces: AsyncIterable<string>
  /** How many there are. */
  readonly piecesCount: number
}

/** Characters of base64 that are sent at once: a multiple of four, so that each piece can be decoded by itself. */
const CHARACTERS_AT_ONCE = 262_144

/** @param bytesMax how long the response may be; a longer one is not even read to its end */
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
  for (let start = 0; start < base64.byteLength; start += CHARACTERS_AT_ONCE) {
    yield base64.subarray(start, start + CHARACTERS_AT_ONCE)
  }
}

function decode(characters: Uint8Array): Uint8Array {
  return Uint8Array.fromBase64(new TextDecoder().decode(characters))
}

function decodedLength(base64: Uint8Array): number {
  const padding = base64.subarray(-2).filter((byte) => byte === 0x3d).byteLength
  return (base64.byteLength / 4) * 3 - padding
}

/** @returns the characters of the response's base64, or undefined where the response is longer than `bytesMax` */
async function base64Of(
  { pieces, piecesCount }: LongResponse,
  bytesMax: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const encoder = new TextEncoder()
  let buffer = new Uint8Array(0)
  let length = 0
  let responseBytes = 0
  // Base64 is made of three bytes at a time: what is left of a piece goes before the next.
  let rest: Uint8Array = new Uint8Array(0)

  function append(bytes: Uint8Array): void {
    const characters = bytes.toBase64()
    if (length === 0) buffer = new Uint8Array(Math.ceil(characters.length * piecesCount * 1.01))
    if (length + characters.length > buffer.byteLength) {
      // The old one is given up before the new one is taken, or becomes it.
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
