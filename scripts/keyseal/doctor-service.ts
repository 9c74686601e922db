/** What `keyseal doctor` asks of the running service. Nothing of it is written down there. */
import { createPublicKey, verify } from 'node:crypto'
import type { Place } from '../database.ts'
import { type Finding, good, wrong } from './doctor-checks.ts'
import { ask, type PublishedKey, publishedKeys } from './service.ts'

const CLOCK_DEVIATION_SECONDS_MAX = 60

interface Envelope {
  readonly response: { readonly code: number; readonly timestamp: number; readonly not_ready?: string[] }
  readonly response_base64: string
  readonly signature: string
}

export async function checkService(origin: string, place: Place): Promise<Finding[]> {
  try {
    return await checkAnswers(origin)
  } catch (error) {
    const finding = error instanceof Error ? error.message : String(error)
    return [
      wrong('service', finding, place === 'local' ? 'npm start' : 'npm run deploy, then npx wrangler tail'),
    ]
  }
}

async function checkAnswers(origin: string): Promise<Finding[]> {
  const ready = await ask(origin, '/health/ready')
  const { response } = (await ready.json()) as Envelope
  const missing = response.not_ready ?? []
  // An order that names nothing is refused before anybody is looked for, and its refusal is signed as all answers are.
  const refusal = await ask(origin, '/api/v1/random-assign-license-keys', {
    method: 'POST',
    body: new URLSearchParams({ api_key: 'doctor', product_id: '0' }),
  })
  const envelope = (await refusal.json()) as Envelope
  return [
    ready.ok
      ? good('service', `${origin} is ready`)
      : wrong(
          'service',
          `not ready: ${missing.join(', ') || `HTTP ${ready.status}`}`,
          'npx wrangler tail (its log names what is missing)',
        ),
    envelope.response?.code === 804
      ? good('order', 'an order without content is refused with code 804')
      : wrong(
          'order',
          `an order without content is answered with HTTP ${refusal.status}`,
          'npx wrangler tail',
        ),
    await checkSignature(origin, envelope),
    checkClock(refusal.headers.get('Date'), envelope.response?.timestamp),
  ]
}

async function checkSignature(
  origin: string,
  { response_base64: signed, signature }: Envelope,
): Promise<Finding> {
  const remedy =
    'npm run --silent keyseal -- signing-key create | npx wrangler secret put SIGNING_PRIVATE_KEY'
  if (!signature) return wrong('signature', 'the answer is not signed', remedy)
  const keys = await publishedKeys(origin)
  const bytes = Buffer.from(signature, 'base64')
  const key = keys.find((jwk) => verifies(jwk, signed, bytes))
  return key
    ? good('signature', `verified by the published key ${key.kid}`)
    : wrong(
        'signature',
        `no key of ${origin}/.well-known/jwks.json verifies it`,
        'npm run deploy (answers and keys come from different versions)',
      )
}

function verifies(jwk: PublishedKey, signed: string, signature: Buffer): boolean {
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  // Ed25519 hashes by itself (RFC 8032).
  return verify(jwk.kty === 'OKP' ? null : 'sha256', Buffer.from(signed), key, signature)
}

function checkClock(date: string | null, timestamp: number | undefined): Finding {
  const check = 'clock'
  const there = date === null ? (timestamp ?? Number.NaN) * 1000 : Date.parse(date)
  const seconds = Math.round(Math.abs(Date.now() - there) / 1000)
  if (Number.isNaN(seconds))
    return { check, status: 'not checked', finding: 'the service does not tell the time' }
  return seconds <= CLOCK_DEVIATION_SECONDS_MAX
    ? good(check, `${seconds} seconds apart`)
    : wrong(
        check,
        `${seconds} seconds apart from the service's`,
        'sudo timedatectl set-ntp true (on this machine)',
      )
}
