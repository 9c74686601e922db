/**
 * How generated license keys look, and what keys are made of.
 *
 * Which format a product's generator has is only known in the database, and a request goes there once. So the Worker
 * brings along nothing but randomness, enough for any format, and SQL makes license keys of it. Every character is
 * drawn from the charset without bias: of 4096 equally likely numbers those that would prefer some characters are
 * passed over.
 */

import type { Origin } from '../db/schema/index.ts'

/** What a generator says about the look of its keys. */
export interface KeyFormat {
  readonly method: 'uuid' | 'chunk-system'
  readonly prefix: string
  readonly suffix: string
  readonly charset: string
  readonly numberOfChunks: number
  readonly chunkLength: number
}

/** Fewer could be guessed. */
export const KEY_SPACE_BITS_MIN = 64
/** The characters of a key that are drawn, at most. */
export const DRAWN_CHARACTERS_MAX = 48
const AFFIX_CHARACTERS_MAX = 32
const CHARSET_CHARACTERS_MAX = 64

const UUID_RANDOM_BITS = 122

/** At most 1.2 % of the numbers are passed over, so twelve to spare suffice but once in 10^12 keys. */
const SPARE_NUMBERS = 12
const NUMBERS_PER_KEY = DRAWN_CHARACTERS_MAX + SPARE_NUMBERS
/** A number of 12 bits travels as two characters of 6 bits each, from this one on: 64 of ASCII in a row. */
const FIRST_CHARACTER = 48
const BYTES_AT_ONCE_MAX = 65_536

/** @returns the binary logarithm of the number of different keys, of which each is as likely as any other */
export function keySpaceBits({ method, charset, numberOfChunks, chunkLength }: KeyFormat): number {
  return method === 'uuid' ? UUID_RANDOM_BITS : numberOfChunks * chunkLength * Math.log2(charset.length)
}

/** @returns what is wrong with a format, as a sentence, or undefined */
export function faultInFormat(format: KeyFormat): string | undefined {
  const { method, prefix, suffix, charset, numberOfChunks, chunkLength } = format
  const isAffix = (text: string) => /^[\x21-\x7e]*$/.test(text) && text.length <= AFFIX_CHARACTERS_MAX
  if (!isAffix(prefix) || !isAffix(suffix)) {
    return `The prefix and the suffix must be at most ${AFFIX_CHARACTERS_MAX} visible ASCII characters each.`
  }
  const isCharset = /^[\x21-\x7e]+$/.test(charset) && new Set(charset).size === charset.length
  if (!isCharset || charset.length < 2 || charset.length > CHARSET_CHARACTERS_MAX) {
    return `The charset must be 2 to ${CHARSET_CHARACTERS_MAX} visible ASCII characters, each of them once.`
  }
  const isWhole = [numberOfChunks, chunkLength].every((number) => Number.isInteger(number) && number >= 1)
  if (!isWhole || numberOfChunks * chunkLength > DRAWN_CHARACTERS_MAX) {
    return `The chunks must have at least one character each and ${DRAWN_CHARACTERS_MAX} together at most.`
  }
  const bits = keySpaceBits({ ...format, method })
  if (bits >= KEY_SPACE_BITS_MIN) return undefined
  return `The key space has ${bits.toFixed(1)} bits; at least ${KEY_SPACE_BITS_MIN} are needed, lest keys be guessed: use more or longer chunks, or a larger charset.`
}

/** What the keys of an order are made of, a JSON text; null: they are taken from the stock. */
export function materialFor(
  origin: Origin,
  quantity: number,
  newLicenseKey: () => string = () => crypto.randomUUID(),
): string | null {
  switch (origin) {
    case 'fresh':
      return JSON.stringify(Array.from({ length: quantity }, newLicenseKey))
    case 'generator':
      return freshMaterial(quantity)
    case 'stock':
      return null
  }
}

/** @returns randomness for as many keys of whatever format, as the JSON text that `KEY_IN_FORMAT` reads */
export function freshMaterial(quantity: number): string {
  const random = randomBytes(quantity * NUMBERS_PER_KEY * 2).map((byte) => FIRST_CHARACTER + (byte & 63))
  const digits = new TextDecoder().decode(random)
  const length = NUMBERS_PER_KEY * 2
  return JSON.stringify(
    Array.from(
      { length: quantity },
      (_, index) => crypto.randomUUID() + digits.slice(index * length, (index + 1) * length),
    ),
  )
}

function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let start = 0; start < length; start += BYTES_AT_ONCE_MAX) {
    crypto.getRandomValues(bytes.subarray(start, start + BYTES_AT_ONCE_MAX))
  }
  return bytes
}

/** A UUID, and behind it the numbers. */
const UUID_CHARACTERS = 36

const POSITIONS = JSON.stringify(Array.from({ length: NUMBERS_PER_KEY }, (_, index) => index))
const characterCode = (offset: number) =>
  `(unicode(substr(fresh.value, positions.value * 2 + ${UUID_CHARACTERS + offset}, 1)) - ${FIRST_CHARACTER})`
const CHARACTERS = '(generators.number_of_chunks * generators.chunk_length)'
const IS_FAIR = 'number < 4096 - 4096 % length(generators.charset)'

/** @param count how many numbers are looked at */
const numbers = (count: string) => `(select positions.value + 1 as place,
    ${characterCode(1)} * 64 + ${characterCode(2)} as number
  from json_each('${POSITIONS}') as positions where positions.value < ${count})`

/** @param from SQL: numbers and the places of their characters */
const chunks = (from: string) => `(select group_concat(
    substr(generators.charset, number % length(generators.charset) + 1, 1)
      || iif(place % generators.chunk_length = 0 and place < ${CHARACTERS}, '-', ''), '' order by place)
  from ${from}
  where place <= ${CHARACTERS} having count(*) = ${CHARACTERS} and min(${IS_FAIR}))`

/** Only few keys meet a number that is passed over, and finding its place anew is what takes time. */
const CHUNKS = `coalesce(${chunks(numbers(CHARACTERS))},
  ${chunks(`(select number, row_number() over (order by place) as place from ${numbers(`${CHARACTERS} + ${SPARE_NUMBERS}`)}
    where ${IS_FAIR})`)})`

/**
 * SQL for a license key in the format of the row of `generators` in scope, made of the row `fresh` of a json_each
 * over `freshMaterial`; null where the material does not suffice, which no table of keys takes.
 */
export const KEY_IN_FORMAT = `(generators.prefix || case generators.method
  when 'uuid' then substr(fresh.value, 1, ${UUID_CHARACTERS}) else ${CHUNKS} end || generators.suffix)`
