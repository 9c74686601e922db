import { env } from 'cloudflare:workers'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seal } from '../../src/protocol/envelope.ts'
import { sealLong } from '../../src/protocol/long-envelope.ts'
import { signingKeyFor, signingSecrets } from '../../src/signing/signing-keys.ts'

const key = await signingKeyFor(signingSecrets(env))

/** The number of pieces that were read. */
let piecesRead = 0

async function* piecesOf(texts: readonly string[]): AsyncIterable<string> {
  piecesRead = 0
  for (const text of texts) {
    piecesRead++
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
  it('equals the result of seal for any division into pieces', async () => {
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

  it('equals the result of seal even for pieces of very different lengths', async () => {
    const texts = ['{"a":"', 'x'.repeat(300_001), 'é'.repeat(100_000), '"}']
    expect(await sealed(texts)).toBe(await seal(texts.join(''), key))
  })

  it('is refused only if the response exceeds the limit', async () => {
    const texts = ['four', 'éé', 'four', 'four']
    expect(await sealed(texts, 16)).toBeDefined()
    expect(await sealed(texts, 15)).toBeUndefined()
    expect(await sealed(texts, 7)).toBeUndefined()
    expect(piecesRead).toBe(2)
  })
})
