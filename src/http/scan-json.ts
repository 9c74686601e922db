/**
 * Finds the outline of a JSON text in one pass over its bytes. It takes the same time for each byte and keeps only the
 * members of the outermost object, so an untrusted body is bounded before anything is parsed (RFC 8259 section 9).
 *
 * It does not check the syntax: what it returns is right for valid JSON, and harmless for other bytes.
 */

/** A member of the outermost object. Positions are in bytes. */
export interface Member {
  /** The first position of its name, a quotation mark, and the position after the last one. */
  readonly nameStart: number
  readonly nameEnd: number
  /** The positions of its value and of the white space around it. */
  readonly valueStart: number
  readonly valueEnd: number
}

export interface JsonLimits {
  /** How many arrays and objects may contain each other. */
  readonly depthMax: number
  /** The most members of all arrays and objects together. Each comma counts, and each array and object. */
  readonly valuesMax: number
}

export type ScannedJson =
  | {
      readonly kind: 'scanned'
      readonly members: readonly Member[]
      /** Whether each number consists of at most 15 digits and nothing else. */
      readonly hasPlainNumbers: boolean
    }
  | { readonly kind: 'too-deep' }
  | { readonly kind: 'too-many-values' }

const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c]
const [ARRAY_START, ARRAY_END, OBJECT_START, OBJECT_END] = [0x5b, 0x5d, 0x7b, 0x7d]
const [MINUS, ZERO, NINE] = [0x2d, 0x30, 0x39]

/** What follows the digits of a fraction, or of a number with an exponent: `.`, `E` or `e`. */
const CONTINUES_NUMBER: readonly (number | undefined)[] = [0x2e, 0x45, 0x65]

/** Integers of 15 digits are exact. */
const PLAIN_DIGITS_MAX = 15

export function scanJson(bytes: Uint8Array, { depthMax, valuesMax }: JsonLimits): ScannedJson {
  const scan = new Scan(bytes)
  for (let at = 0; at < bytes.length; ) {
    at = scan.token(at)
    if (scan.depth > depthMax) return { kind: 'too-deep' }
    if (scan.values > valuesMax) return { kind: 'too-many-values' }
  }
  const { members, hasPlainNumbers } = scan
  return { kind: 'scanned', members, hasPlainNumbers }
}

class Scan {
  readonly members: Member[] = []
  hasPlainNumbers = true
  depth = 0
  values = 0
  readonly #bytes: Uint8Array
  /** The last string, which is a name if a colon follows. */
  #stringStart = 0
  #stringEnd = 0
  /** The member whose value is not complete. */
  #member = NO_MEMBER

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** @returns the position after the token at this position */
  token(at: number): number {
    const byte = this.#bytes[at] as number
    switch (byte) {
      case QUOTE:
        this.#stringStart = at
        this.#stringEnd = endOfString(this.#bytes, at)
        return this.#stringEnd
      case COLON:
        this.#startValue(at)
        break
      case COMMA:
        this.#endValue(at)
        this.values++
        break
      case OBJECT_START:
      case ARRAY_START:
        this.depth++
        this.values++
        break
      case OBJECT_END:
      case ARRAY_END:
        this.#endValue(at)
        this.depth--
        break
      case MINUS:
        this.hasPlainNumbers = false
        break
      default:
        if (isDigit(byte)) return this.#number(at)
    }
    return at + 1
  }

  #startValue(colon: number): void {
    if (this.depth !== 1) return
    this.#member = { nameStart: this.#stringStart, nameEnd: this.#stringEnd, valueStart: colon + 1 }
  }

  #endValue(at: number): void {
    if (this.depth !== 1 || this.#member === NO_MEMBER) return
    this.members.push({ ...this.#member, valueEnd: at })
    this.#member = NO_MEMBER
  }

  #number(start: number): number {
    const end = endOfDigits(this.#bytes, start)
    this.hasPlainNumbers &&= end - start <= PLAIN_DIGITS_MAX && !CONTINUES_NUMBER.includes(this.#bytes[end])
    return end
  }
}

const NO_MEMBER = { nameStart: 0, nameEnd: 0, valueStart: 0 }

/** @returns the position after the closing quotation mark, or the end */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return Math.min(at + 1, bytes.length)
}

/** @returns the position after the last digit */
function endOfDigits(bytes: Uint8Array, start: number): number {
  let at = start
  while (at < bytes.length && isDigit(bytes[at] as number)) at++
  return at
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE
}
