/**
 * The license keys that someone may mean who typed or pasted one: in another case, without hyphens, or with the
 * dashes and invisible characters of a text editor. No letter or digit stands for another: `O` is never `0`.
 */

/** Each is one look-up in the unique index. The text as it was sent is the sixteenth. */
const SPELLINGS_MAX = 15

const UUID_AT_END = /^(.*)([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/i

/** Common numbers of random characters, with the length of their chunks. The prefix before them may be long. */
const COMMON_FORMATS = [
  [16, 4],
  [25, 5],
] as const
const CHUNK_LENGTHS = [5, 4, 6, 8] as const

/** @returns at most 15 different texts without the given one, the likely ones first */
export function otherSpellings(licenseKey: string): string[] {
  const typed = licenseKey
    .replaceAll(/\p{Cf}/gu, '')
    .replaceAll(/[\p{Pd}\u2212]/gu, '-')
    .trim()
  const bare = typed.replaceAll(/[-\s]/g, '')
  const texts = [typed, bare, ...(isAscii(bare) ? inChunks(bare) : [])]
  const spellings = new Set([...asUuid(bare), ...texts.flatMap(inEachCase)])
  spellings.delete(licenseKey)
  return [...spellings].slice(0, SPELLINGS_MAX)
}

/** Generators write the digits of a UUID in lower case, after a prefix in any case. */
function asUuid(bare: string): string[] {
  const [isUuid, prefix, ...groups] = UUID_AT_END.exec(bare) ?? []
  if (isUuid === undefined) return []
  const start = prefix ? `${prefix}-` : ''
  const uuid = groups.join('-')
  return [...inEachCase(start).map((start) => start + lowerCase(uuid)), upperCase(start + uuid)]
}

/** Those without a prefix, or with the shortest one, come first. */
function inChunks(bare: string): string[] {
  const { length } = bare
  const common = COMMON_FORMATS.filter(([characters]) => characters <= length).map(
    ([characters, chunkLength]) => [length - characters, chunkLength] as const,
  )
  const others = CHUNK_LENGTHS.map((chunkLength) => [length % chunkLength, chunkLength] as const)
  return [...common, ...others.toSorted(([one], [other]) => one - other)].map(
    ([prefixLength, chunkLength]) => {
      const chunks = bare.slice(prefixLength).match(new RegExp(`.{${chunkLength}}`, 'g')) ?? []
      return [...(prefixLength > 0 ? [bare.slice(0, prefixLength)] : []), ...chunks].join('-')
    },
  )
}

/** Generators use no other characters. */
function isAscii(text: string): boolean {
  return /^[!-~]+$/.test(text)
}

function inEachCase(text: string): string[] {
  return [text, upperCase(text), lowerCase(text)]
}

/** Only ASCII letters change: the other case of other letters may be longer, or that of another letter. */
function upperCase(text: string): string {
  return text.replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase())
}

function lowerCase(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
