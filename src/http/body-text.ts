/** What all formats of a body share: their limit, their text, and how one says that it cannot read a body. */
import type { Fields } from '../protocol/fields.ts'

/** The most fields and members of lists in a body: twice the longest list, which has 10,000 license keys. */
export const BODY_VALUES_MAX = 20_000

/** A body whose structure is within the limits. Its values are not read yet. */
export interface OpenedBody {
  /** @returns the values of these fields only, if they are sent */
  readonly peek: (names: readonly string[]) => Readonly<Record<string, unknown>>
  /** @throws UnreadableBody */
  readonly fields: () => Fields
}

/** Its message is a sentence for the sender. */
export class UnreadableBody extends Error {}

export function tooManyValues(valuesMax: number = BODY_VALUES_MAX): UnreadableBody {
  return new UnreadableBody(`The body must have at most ${valuesMax} fields and members of lists.`)
}

/** The platform needs 45 MB to decode 4 MB in one piece, unless they are ASCII. */
const DECODED_BYTES_MAX = 65_536

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })
const LENIENT = new TextDecoder('utf-8')

/**
 * Refuses invalid UTF-8, and removes a byte order mark.
 *
 * @throws UnreadableBody
 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decode(bytes, STRICT)
  } catch {
    throw new UnreadableBody('The body must be UTF-8 text.')
  }
}

/** Replaces invalid UTF-8 by U+FFFD. */
export function decodeLeniently(bytes: Uint8Array): string {
  return decode(bytes, LENIENT)
}

function decode(bytes: Uint8Array, decoder: TextDecoder): string {
  if (bytes.length <= DECODED_BYTES_MAX) return decoder.decode(bytes)
  // A decoder that failed in between keeps its state, so this one is not shared.
  const inParts = new TextDecoder('utf-8', { fatal: decoder.fatal, ignoreBOM: false })
  let text = ''
  for (let start = 0; start < bytes.length; start += DECODED_BYTES_MAX) {
    text += inParts.decode(bytes.subarray(start, start + DECODED_BYTES_MAX), { stream: true })
  }
  return text + inParts.decode()
}
