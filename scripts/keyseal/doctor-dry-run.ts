/** An order that goes the whole way and is refused at its end, so that nothing is written. */
import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { createLocalJWKSet, errors, type JSONWebKeySet } from 'jose'
import { REQUEST_ID, SIGNING_KEY_ID } from '../../src/http/headers.ts'
import { parseJson } from '../../src/platform/json.ts'
import { CODES } from '../../src/protocol/codes.ts'
import type { Place } from '../database.ts'
import { type Finding, good, notChecked, wrong } from './doctor-finding.ts'
import { ask, publishedKeys } from './service.ts'

interface Envelope {
  readonly response?: { readonly code: number | string }
  readonly response_base64?: string
  readonly signature?: string
}

/**
 * Orders a license key with an API key that nobody has. Only the database knows that, so the refusal comes out of the
 * same batch of statements that would have written the order.
 */
export async function checkOrder(origin: string, place: Place): Promise<Finding[]> {
  const answer = await ask(origin, '/api/v1/random-assign-license-keys', {
    method: 'POST',
    body: new URLSearchParams({
      api_key: `ks_${randomBytes(32).toString('base64url')}`,
      product_id: '1',
      owner_name: 'Doctor',
      owner_email: 'doctor@example.com',
      quantity: '1',
      validity: '0',
      activation_limit: '0',
    }),
  })
  const envelope = (await answer.json().catch(() => ({}))) as Envelope
  const code = envelope.response?.code
  if (code === CODES.tooManyRequests.code) {
    return [notChecked('order', 'too many requests from this address: try again in a minute', AGAIN)]
  }
  if (code !== CODES.apiKeyUnknown.code) return [refusedOtherwise(answer, code, place)]
  const went = `was rejected by the database (code ${code}), and nothing was written`
  return [
    good('order', `an order with an unknown API key ${went}`),
    await checkSignature(origin, place, envelope, answer.headers.get(SIGNING_KEY_ID)),
  ]
}

const AGAIN = 'npm run keyseal -- doctor'

function refusedOtherwise(answer: Response, code: unknown, place: Place): Finding {
  const finding = `an order with an unknown API key got HTTP ${answer.status}, code ${code}`
  return wrong('order', finding, seeLog(answer, place))
}

/** Why a service failed stands in its log alone. */
export function seeLog(answer: Response, place: Place): string {
  if (place === 'remote') {
    return 'run npx wrangler tail, then this command again: the log line of the request names the command that fixes it'
  }
  return `find request ${answer.headers.get(REQUEST_ID)} in the output of npm start: its line names the command that fixes it`
}

async function checkSignature(
  origin: string,
  place: Place,
  { response, response_base64: signed = '', signature = '' }: Envelope,
  keyId: string | null,
): Promise<Finding> {
  const remedy =
    place === 'local'
      ? 'stop the service with Ctrl-C, then npm start'
      : 'npm run deploy (the response and the key come from different versions)'
  if (keyId === null) return wrong('signature', `that response is not signed (no ${SIGNING_KEY_ID})`, remedy)
  const key = await keyOf(origin, keyId)
  if (!key) return wrong('signature', `${origin}/.well-known/jwks.json lacks the key ${keyId}`, remedy)
  const bytes = Buffer.from(signature, 'base64')
  const isSigned = await crypto.subtle.verify(key.algorithm, key, bytes, Buffer.from(signed))
  if (!isSigned || !isDeepStrictEqual(contentOf(signed), response)) {
    return wrong(
      'signature',
      `the key ${keyId}, which the response names, does not verify its signature`,
      remedy,
    )
  }
  return good('signature', `that response is signed by ${keyId}, which is in the JWK Set`)
}

async function keyOf(origin: string, kid: string): Promise<CryptoKey | undefined> {
  const keys = await publishedKeys(origin)
  const alg = keys.find((jwk) => jwk.kid === kid)?.alg
  if (typeof alg !== 'string') return undefined
  try {
    return await createLocalJWKSet({ keys } as JSONWebKeySet)({ alg, kid })
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined
    throw error
  }
}

function contentOf(signed: string): unknown {
  return parseJson(Buffer.from(signed, 'base64').toString('utf8'))
}
