/**
 * Formats of generated license keys. Issuing takes one round trip, and the format is stored in the database.
 * So the Worker sends enough random numbers for any format, and SQL turns them into license keys.
 *
 * Rejection sampling avoids bias: SQL skips the numbers from 0 to 4095 that would favor some characters.
 */
import type { Origin } from '../db/schema/index.ts'

export interface KeyFormat {
  readonly method: 'uuid' | 'chunk-system'
  readonly prefix: string
  readonly suffix: string
  readonly charset: string
  readonly numberOfChunks: number
  readonly chunkLength: number
}

/** Keys with fewer random bits could be guessed. */
export const KEY_SPACE_BITS_MIN = 64
/** The most random characters of a key. */
export const RANDOM_CHARACTERS_MAX = 48
const AFFIX_CHARACTERS_MAX = 32
const CHARSET_CHARACTERS_MAX = 64

const UUID_RANDOM_BITS = 122

/** At most 1.2 % of the numbers are skipped, so twelve spare numbers are too few for one in 10^12 keys. */
const SPARE_NUMBERS = 12
const NUMBERS_PER_KEY = RANDOM_CHARACTERS_MAX + SPARE_NUMBERS
/** Two characters of 6 bits encode a 12-bit number. This is the first of the 64 ASCII characters. */
const FIRST_CHARACTER = 48
/** The limit of `crypto.getRandomValues`. */
const RANDOM_BYTES_MAX = 65_536

/** @returns the binary logarithm of the number of possible keys, which are all equally likely */
export function keySpaceBits({ method, charset, numberOfChunks, chunkLength }: KeyFormat): number {
  return method === 'uuid' ? UUID_RANDOM_BITS : numberOfChunks * chunkLength * Math.log2(charset.length)
}

export interface KeyFormatFault {
  readonly field: Exclude<keyof KeyFormat, 'method'>
  readonly message: string
}

/** @returns what is wrong with the format, or undefined if it is valid */
export function keyFormatFault(format: KeyFormat): KeyFormatFault | undefined {
  const { method, prefix, suffix, charset, numberOfChunks, chunkLength } = format
  const isAffix = (text: string) => /^[\x21-\x7e]*$/.test(text) && text.length <= AFFIX_CHARACTERS_MAX
  if (!isAffix(prefix) || !isAffix(suffix)) {
    const message = `The prefix and the suffix must be at most ${AFFIX_CHARACTERS_MAX} visible ASCII characters each.`
    return { field: isAffix(prefix) ? 'suffix' : 'prefix', message }
  }
  const isCharset = /^[\x21-\x7e]+$/.test(charset) && new Set(charset).size === charset.length
  if (!isCharset || charset.length < 2 || charset.length > CHARSET_CHARACTERS_MAX) {
    const message = `The charset must be 2 to ${CHARSET_CHARACTERS_MAX} different visible ASCII characters.`
    return { field: 'charset', message }
  }
  const isWhole = [numberOfChunks, chunkLength].every((number) => Number.isInteger(number) && number >= 1)
  if (!isWhole || numberOfChunks * chunkLength > RANDOM_CHARACTERS_MAX) {
    const message = `Each chunk needs at least one character, and all chunks together at most ${RANDOM_CHARACTERS_MAX}.`
    return { field: 'chunkLength', message }
  }
  const bits = keySpaceBits({ ...format, method })
  if (bits >= KEY_SPACE_BITS_MIN) return undefined
  const message = `Keys of this format have only ${bits.toFixed(1)} random bits and could be guessed. At least ${KEY_SPACE_BITS_MIN} are required. Use more or longer chunks, or a larger charset.`
  return { field: 'chunkLength', message }
}

/** @returns an error message, or undefined if the format is valid */
export function keyFormatError(format: KeyFormat): string | undefined {
  return keyFormatFault(format)?.message
}

/** @returns the value of `material`: JSON text with keys or random numbers, or null for stock */
export function keyMaterialFor(
  origin: Origin,
  quantity: number,
  newLicenseKey: () => string = () => crypto.randomUUID(),
): string | null {
  switch (origin) {
    case 'fresh':
      return JSON.stringify(Array.from({ length: quantity }, newLicenseKey))
    case 'generator':
      return randomKeyMaterial(quantity)
    case 'stock':
      return null
  }
}

/** @returns JSON text for `FORMATTED_KEY`: random numbers for this many keys of any format */
export function randomKeyMaterial(quantity: number): string {
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
  for (let start = 0; start < length; start += RANDOM_BYTES_MAX) {
    crypto.getRandomValues(bytes.subarray(start, start + RANDOM_BYTES_MAX))
  }
  return bytes
}

/** Each member of the material is a UUID, followed by the numbers. */
const UUID_CHARACTERS = 36

const POSITIONS = JSON.stringify(Array.from({ length: NUMBERS_PER_KEY }, (_, index) => index))
const characterCode = (offset: number) =>
  `(unicode(substr(fresh.value, positions.value * 2 + ${UUID_CHARACTERS + offset}, 1)) - ${FIRST_CHARACTER})`
const CHARACTERS = '(generators.number_of_chunks * generators.chunk_length)'
const IS_UNBIASED = 'number < 4096 - 4096 % length(generators.charset)'

const numbers = (count: string) => `(select positions.value + 1 as place,
    ${characterCode(1)} * 64 + ${characterCode(2)} as number
  from json_each('${POSITIONS}') as positions where positions.value < ${count})`

/** @param from SQL for the numbers and the positions of their characters */
const chunks = (from: string) => `(select group_concat(
    substr(generators.charset, number % length(generators.charset) + 1, 1)
      || iif(place % generators.chunk_length = 0 and place < ${CHARACTERS}, '-', ''), '' order by place)
  from ${from}
  where place <= ${CHARACTERS} having count(*) = ${CHARACTERS} and min(${IS_UNBIASED}))`

/** Only keys with a skipped number are renumbered, because renumbering is slow and few keys need it. */
const CHUNKS = `coalesce(${chunks(numbers(CHARACTERS))},
  ${chunks(`(select number, row_number() over (order by place) as place from ${numbers(`${CHARACTERS} + ${SPARE_NUMBERS}`)}
    where ${IS_UNBIASED})`)})`

/**
 * SQL for a license key in the format of the current row of `generators`, built from the row `fresh` of a
 * `json_each` over `randomKeyMaterial`. It is null if there are too few numbers. Then the `not null`
 * constraint rejects the batch.
 */
export const FORMATTED_KEY = `(generators.prefix || case generators.method
  when 'uuid' then substr(fresh.value, 1, ${UUID_CHARACTERS}) else ${CHUNKS} end || generators.suffix)`
