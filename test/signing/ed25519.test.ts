import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { seal } from '../../src/protocol/envelope.ts'
import { sealLong } from '../../src/protocol/long-envelope.ts'
import { signingKeyFor, signingSecrets } from '../../src/signing/signing-keys.ts'
import vector from '../protocol/vector.json'
import { post } from '../support/client.ts'
import { isVerifiedBy, jwksOf, pemOf } from '../support/jwks.ts'
import { openShop, orderFields } from '../support/shop.ts'
import keyVectors from './key-vectors.json'

const { privateKey, x, kid, signature } = keyVectors.ed25519
const bindings = { SIGNING_PRIVATE_KEY: privateKey }
const key = await signingKeyFor(bindings)
const ENVELOPE = `{"response":${vector.response},"response_base64":"${vector.response_base64}","private_key_used":"global","signature":"${signature}"}`

it('an Ed25519 key signs a response exactly like openssl', async () => {
  expect(await seal(vector.response, key)).toBe(ENVELOPE)
})

it('an Ed25519 key signs a long response like a short one', async () => {
  const half = Math.floor(vector.response.length / 2)
  async function* pieces() {
    yield vector.response.slice(0, half)
    yield vector.response.slice(half)
  }
  const envelope = await sealLong({ pieces: pieces(), piecesCount: 2 }, key, 10_000)
  if (envelope.kind === 'too-long') throw new Error('The response is not too long.')
  const blob = new Blob([...envelope.pieces()] as Uint8Array<ArrayBuffer>[])
  expect(await blob.text()).toBe(ENVELOPE)
})

it('signing keys of both kinds are not extractable and may only sign', async () => {
  for (const { privateKey } of [key, await signingKeyFor(signingSecrets(env))]) {
    expect(privateKey).toMatchObject({ type: 'private', extractable: false, usages: ['sign'] })
  }
})

it('an Ed25519 key is published with its public members and RFC 8037 thumbprint', async () => {
  const { keys } = await jwksOf(bindings)
  expect(keys).toEqual([{ kty: 'OKP', crv: 'Ed25519', x, kid, use: 'sig', alg: 'EdDSA' }])
  const spki = Uint8Array.fromBase64((await pemOf('', bindings)).replaceAll(/-----[A-Z ]+-----/g, ''))
  expect(spki.toHex()).toBe(
    `302a300506032b6570032100${Uint8Array.fromBase64(x, { alphabet: 'base64url' }).toHex()}`,
  )
})

it('an Ed25519 key may be on one line with \\n for line breaks', async () => {
  for (const written of [privateKey.replaceAll('\n', '\\n'), privateKey.replaceAll('\n', '\r\n')]) {
    const answer = await post(orderFields(await openShop()), { bindings: { SIGNING_PRIVATE_KEY: written } })
    expect(answer.headers.get('X-Signing-Key-Id')).toBe(kid)
    expect(await isVerifiedBy(await jwksOf(bindings), answer)).toBe(true)
  }
})
