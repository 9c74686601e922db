import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import {
  FORMATTED_KEY,
  type KeyFormat,
  keyFormatError,
  keySpaceBits,
  randomKeyMaterial,
} from '../../src/issuing/key-formats.ts'

const UUID = '28600943-4ea2-4059-9940-acccad11d0e6'
const HEXADECIMAL = '0123456789ABCDEF'

function formatWith(changes: Partial<KeyFormat> = {}): KeyFormat {
  return {
    method: 'chunk-system',
    prefix: '',
    suffix: '',
    charset: HEXADECIMAL,
    numberOfChunks: 4,
    chunkLength: 4,
    ...changes,
  }
}

/** @returns the license keys that the database creates from the random material */
async function keysOf(format: KeyFormat, material: string): Promise<(string | null)[]> {
  const { results } = await env.DB.prepare(
    `with generators as (select ?1 as method, ?2 as prefix, ?3 as suffix, ?4 as charset,
       ?5 as number_of_chunks, ?6 as chunk_length)
     select ${FORMATTED_KEY} as license_key from generators cross join json_each(?7) as fresh`,
  )
    .bind(
      format.method,
      format.prefix,
      format.suffix,
      format.charset,
      format.numberOfChunks,
      format.chunkLength,
      material,
    )
    .all<{ license_key: string | null }>()
  return results.map(({ license_key }) => license_key)
}

/** Reference implementation in TypeScript. */
function expectedKeys({ charset, numberOfChunks, chunkLength, prefix, suffix }: KeyFormat, material: string) {
  const size = charset.length
  return (JSON.parse(material) as string[]).map((text) => {
    const digits = text.slice(36)
    const numbers = [...digits.matchAll(/(.)(.)/gs)].map(
      ([, high = '', low = '']) => (high.charCodeAt(0) - 48) * 64 + low.charCodeAt(0) - 48,
    )
    const characters = numbers
      .filter((number) => number < 4096 - (4096 % size))
      .map((number) => charset[number % size])
    const chunks = Array.from({ length: numberOfChunks }, (_, index) =>
      characters.slice(index * chunkLength, (index + 1) * chunkLength).join(''),
    )
    return `${prefix}${chunks.join('-')}${suffix}`
  })
}

describe('a generated license key', () => {
  it.each([
    formatWith(),
    formatWith({ prefix: 'APP-', suffix: '-X' }),
    formatWith({ charset: 'ABCDEFGHJKMNPQRSTUVWXYZ23456789', numberOfChunks: 5, chunkLength: 5 }),
    formatWith({ numberOfChunks: 1, chunkLength: 48 }),
    formatWith({
      numberOfChunks: 48,
      chunkLength: 1,
      charset: 'abcdefghijklmnopqrstuvwxyz!#$%&()*+,-./:;<=>?@[]^_`{|}~01234',
    }),
  ])('has the format of its generator: %j', async (format) => {
    const material = randomKeyMaterial(200)
    expect(await keysOf(format, material)).toEqual(expectedKeys(format, material))
  })

  it('is a UUID with the prefix and the suffix for the method uuid', async () => {
    const keys = await keysOf(
      formatWith({ method: 'uuid', prefix: 'APP-', suffix: '!' }),
      randomKeyMaterial(50),
    )
    for (const key of keys)
      expect(key).toMatch(/^APP-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}!$/)
    expect(new Set(keys).size).toBe(50)
  })

  it('skips biased numbers and is null if too few numbers remain', async () => {
    const format = formatWith({ charset: 'ABC', numberOfChunks: 1, chunkLength: 45 })
    // With three characters, only the number 4095 is skipped.
    const digits = `oo${'01'.repeat(59)}`
    expect(await keysOf(format, JSON.stringify([UUID + digits]))).toEqual([`${'B'.repeat(45)}`])
    expect(await keysOf(format, JSON.stringify([UUID + 'oo'.repeat(60)]))).toEqual([null])
  })

  it.each([3, 10, 31, 57, 64])('uses each of %i characters equally often', async (size) => {
    const charset = Array.from({ length: size }, (_, index) => String.fromCharCode(48 + index)).join('')
    const format = formatWith({ charset, numberOfChunks: 1, chunkLength: 48 })
    const counts = new Map<string, number>()
    for (const key of await keysOf(format, randomKeyMaterial(2000))) {
      for (const character of key ?? '') counts.set(character, (counts.get(character) ?? 0) + 1)
    }
    expect(counts.size).toBe(size)
    const expected = (2000 * 48) / size
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    // Six standard deviations: fails by chance once in a hundred million runs.
    expect(chiSquare).toBeLessThan(size - 1 + 6 * Math.sqrt(2 * (size - 1)) + 20)
  })

  it('needs less than 2 MB of material (the D1 limit) for 10,000 keys', () => {
    expect(randomKeyMaterial(10_000).length).toBeLessThan(1_800_000)
  })
})

describe('a key format', () => {
  it.each([
    [formatWith(), 64],
    [formatWith({ method: 'uuid', numberOfChunks: 1, chunkLength: 1 }), 122],
    [formatWith({ charset: '01', numberOfChunks: 6, chunkLength: 8 }), 48],
  ])('%j has %d random bits', (format, bits) => expect(keySpaceBits(format)).toBe(bits))

  it.each([
    [formatWith({ chunkLength: 3 }), 'only 48.0 random bits'],
    [formatWith({ charset: '0123456789', chunkLength: 4 }), 'only 53.2 random bits'],
    [formatWith({ charset: 'AAB' }), 'different visible ASCII characters'],
    [formatWith({ charset: 'A' }), 'The charset must be'],
    [formatWith({ charset: 'A B' }), 'The charset must be'],
    [formatWith({ charset: 'ÄB' }), 'The charset must be'],
    [formatWith({ numberOfChunks: 7, chunkLength: 7 }), 'at most 48'],
    [formatWith({ numberOfChunks: 0 }), 'at least one character'],
    [formatWith({ prefix: 'x'.repeat(33) }), 'The prefix'],
    [formatWith({ suffix: '\n' }), 'The prefix and the suffix'],
  ])('%j is rejected: %s', (format, message) => expect(keyFormatError(format)).toContain(message))

  it('has no error if it is valid', () => {
    expect(keyFormatError(formatWith())).toBeUndefined()
    expect(keyFormatError(formatWith({ method: 'uuid' }))).toBeUndefined()
  })
})
