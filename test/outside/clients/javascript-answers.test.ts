/** Which answers of a server the JavaScript client trusts. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { readAnswer } from '../../../clients/javascript/src/index.ts'
import { DEVICE, ed25519Pair, LICENSE_KEY, pemOf } from './support/file-maker.ts'
import { ANSWER_OPTIONS } from './support/javascript-app.ts'
import { answerPair, sealed } from './support/license-server.ts'

const QUESTION = { nonce: 'n'.repeat(32), licenseKey: ` ${LICENSE_KEY} `, identifier: `${DEVICE} ` }
const FIELDS = { nonce: QUESTION.nonce, license_key: QUESTION.licenseKey, identifier: QUESTION.identifier }
const REFUSED = { code: 204, timestamp: 1_795_509_000 }
const GOOD = sealed(REFUSED, FIELDS)

function read(body: string, question = {}, options = {}) {
  return readAnswer(body, { ...QUESTION, ...question }, { ...ANSWER_OPTIONS, ...options })
}

/** The answer with other members in its envelope. */
function altered(members: (envelope: Record<string, string>) => object): string {
  const envelope = JSON.parse(GOOD)
  return JSON.stringify({ ...envelope, ...members(envelope) })
}

function base64(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64')
}

/** Signed by the right key, but not an answer. */
function signedText(text: string): string {
  const signature = sign('sha256', Buffer.from(text), answerPair.privateKey).toString('base64')
  return JSON.stringify({ response_base64: text, signature })
}

describe('a signed answer to the request', () => {
  it('is trusted, with its code as text and its time', async () => {
    const timestamp = REFUSED.timestamp * 1000
    await expect(read(GOOD)).resolves.toMatchObject({
      code: '204',
      timestamp,
      response: { message: 'A message' },
    })
    await expect(read(sealed({ code: '400' }, FIELDS))).resolves.toMatchObject({ code: '400' })
  })

  it('is trusted with Ed25519, and with the second of two keys', async () => {
    const answerKeys = [...ANSWER_OPTIONS.answerKeys, pemOf(ed25519Pair)]
    expect(await read(sealed(REFUSED, FIELDS, ed25519Pair), {}, { answerKeys })).not.toBeNull()
  })

  it('is trusted without a product, if none is known', async () => {
    expect(await read(sealed({ ...REFUSED, proof: { product_id: null } }, FIELDS))).not.toBeNull()
  })

  it('is trusted without a license key, if the request had none', async () => {
    const { license_key: _, ...fields } = FIELDS
    const answer = sealed({ code: 2211 }, fields)
    expect(await read(answer, { licenseKey: null })).not.toBeNull()
    expect(await read(answer)).toBeNull()
    expect(await read(GOOD, { licenseKey: null })).toBeNull()
  })
})

describe('an answer is not trusted', () => {
  it.each([
    ['if it answers an earlier request', GOOD, { nonce: 'm'.repeat(32) }],
    ['if it is about another license key', GOOD, { licenseKey: 'DEMO-OTHER' }],
    ['if it is about another device', GOOD, { identifier: 'device-2' }],
    ['without a proof', sealed({ ...REFUSED, proof: null }, FIELDS), {}],
    ['if it is about another product', sealed({ ...REFUSED, proof: { product_id: 2 } }, FIELDS), {}],
    ['without a product in its proof', sealed({ ...REFUSED, proof: { product_id: undefined } }, FIELDS), {}],
    [
      'if another key signed it',
      sealed(REFUSED, FIELDS, generateKeyPairSync('rsa', { modulusLength: 2048 })),
      {},
    ],
    ['if a key of files signed it', sealed(REFUSED, FIELDS, ed25519Pair), {}],
    ['with a changed signature', altered(({ signature = '' }) => ({ signature: signature.slice(4) })), {}],
    ['without a signature', altered(() => ({ signature: 'Private key not set' })), {}],
    ['with another signed text', altered(() => ({ response_base64: base64({ code: 204 }) })), {}],
    ['if the signed text is no JSON', signedText(Buffer.from('{').toString('base64')), {}],
    ['if the signed text is no base64', signedText('?'), {}],
    ['if it is no JSON', '<html>Sign in to the network</html>', {}],
    ['if it is empty', '', {}],
    ['if it is a list', '[]', {}],
  ])('%s', async (_, body, question) => {
    expect(await read(body, question)).toBeNull()
  })

  it('by its readable part, which is not signed', async () => {
    const forged = altered(() => ({ response: { code: 2210 } }))
    await expect(read(forged)).resolves.toMatchObject({ code: '204' })
  })
})
