import { env } from 'cloudflare:workers'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seal } from '../../src/protocol/envelope.ts'
import { sealLong } from '../../src/protocol/long-envelope.ts'
import { signingKeyFor, signingSecrets } from '../../src/signing/signing-keys.ts'

const key = await signingKeyFor(signingSecrets(env))

/** How many of the pieces were asked for. */
let asked = 0

async function* piecesOf(texts: readonly string[]): AsyncIterable<string> {
  asked = 0
  for (const text of texts) {
    asked++
    yield text
  }
}

async function sealed(texts: readonly string[], bytesMax = 1_000_000): Promise<string | undefined> {
  const envelope = await sealLong({ pieces: piecesOf(texts), piecesCount: texts.length }, key, bytesMax)
  if (envelope.kind === 'too-long') return undefined
  const twice = [envelope.pieces(), envelope.pieces()].map(
    (pieces) => new Blob([...pieces] as Uint8Array<ArrayBuffer>[]),
  )
  const [first, second] = await Promise.all(twice.map((blob) => blob.text()))
  expect(second).toBe(first)
  expect(twice[0]?.size).toBe(envelope.byteLength)
  return first
}

describe('the envelope of a long response', () => {
  it('is the same text as that of a short one, however the response is cut into pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 12 }),
        async (texts) => {
          expect(await sealed(texts)).toBe(await seal(texts.join(''), key))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('is the same also where pieces are much longer than the first, and longer than what is sent at once', async () => {
    const texts = ['{"a":"', 'x'.repeat(300_001), 'é'.repeat(100_000), '"}']
    expect(await sealed(texts)).toBe(await seal(texts.join(''), key))
  })

  it('is refused where the response is longer than it may be, and not a byte earlier', async () => {
    const texts = ['four', 'éé', 'four', 'four']
    expect(await sealed(texts, 16)).toBeDefined()
    expect(await sealed(texts, 15)).toBeUndefined()
    expect(await sealed(texts, 7)).toBeUndefined()
    expect(asked).toBe(2)
  })
})
