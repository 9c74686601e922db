/** Talks to the Worker as a client would, and trusts no answer whose signature does not verify. */
import { env, exports } from 'cloudflare:workers'
import type { JWK } from 'jose'
import { expect } from 'vitest'
import { app } from '../../src/app.ts'

export const ISSUE_PATH = '/api/v1/random-assign-license-keys'
const ORIGIN = 'https://keyseal.test'

export interface Opened {
  readonly status: number
  readonly headers: Headers
  /** The very text of the body. */
  readonly text: string
  readonly envelope: Record<string, unknown>
  // biome-ignore lint/suspicious/noExplicitAny: each code has fields of its own, and a test names what it expects.
  readonly response: any
}

export type RequestOptions = RequestInit & { readonly path?: string; readonly bindings?: object }

/** Sends a request to the deployed Worker, or to one with other bindings where they are given. */
export async function send({ path = ISSUE_PATH, bindings, ...init }: RequestOptions): Promise<Response> {
  const request = new Request(`${ORIGIN}${path}`, init)
  return bindings ? app.fetch(request, { ...env, ...bindings } as never) : exports.default.fetch(request)
}

/** Posts a form and opens the envelope. */
export async function post(fields: Record<string, unknown>, options: RequestOptions = {}): Promise<Opened> {
  const body = new URLSearchParams(fields as Record<string, string>)
  return open(await send({ method: 'POST', body, ...options }))
}

/** Reads an envelope, whose signature and encoding must be right. */
export async function open(response: Response): Promise<Opened> {
  const text = await response.text()
  const envelope = JSON.parse(text)
  expect(Object.keys(envelope)).toEqual(['response', 'response_base64', 'private_key_used', 'signature'])
  expect(response.headers.get('Content-Type')).toBe('application/json')
  expect(response.headers.get('Cache-Control')).toBe('no-store')
  expect(response.headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/)
  const signed = new TextDecoder().decode(Uint8Array.fromBase64(envelope.response_base64))
  expect(text.startsWith(`{"response":${signed},"response_base64":`)).toBe(true)
  const { status, headers } = response
  return { status, headers, text, envelope, response: envelope.response }
}

/**
 * What answers say, without their signatures and their base64: in hundreds of random characters any short word stands
 * sooner or later.
 */
export function saidIn(answers: readonly Opened[]): string {
  return answers.map(({ response, headers }) => JSON.stringify([response, headers.get('Allow')])).join()
}

/** Whether the envelope's signature is that of this private key's public half. */
export async function isSignedBy(privateKeyPem: string, { envelope }: Opened): Promise<boolean> {
  return crypto.subtle.verify(
    'RSASSA-PKCS1-v1_5',
    await publicHalf(privateKeyPem),
    Uint8Array.fromBase64(String(envelope.signature)),
    new TextEncoder().encode(String(envelope.response_base64)),
  )
}

async function publicHalf(privateKeyPem: string): Promise<CryptoKey> {
  const der = Uint8Array.fromBase64(privateKeyPem.replace(/-----[A-Z ]+-----/g, ''))
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign'])
  const { n, e } = (await crypto.subtle.exportKey('jwk', key)) as JWK
  return crypto.subtle.importKey('jwk', { kty: 'RSA', n, e } as JsonWebKey, algorithm, false, ['verify'])
}
