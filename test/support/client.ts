/** Sends requests to the Worker as a client does, and checks the envelope of every response. */
import { env, exports } from 'cloudflare:workers'
import type { JWK } from 'jose'
import { expect } from 'vitest'
import { app } from '../../src/app.ts'

export const ISSUE_PATH = '/api/v1/random-assign-license-keys'
const ORIGIN = 'https://keyseal.test'

export interface ApiResponse {
  readonly status: number
  readonly headers: Headers
  /** The body as sent. */
  readonly text: string
  readonly envelope: Record<string, unknown>
  // biome-ignore lint/suspicious/noExplicitAny: each code has its own fields, which the tests name.
  readonly response: any
}

export type RequestOptions = RequestInit & { readonly path?: string; readonly bindings?: object }

/** Sends a request to the Worker, with other bindings if they are given. */
export async function send({ path = ISSUE_PATH, bindings, ...init }: RequestOptions): Promise<Response> {
  const request = new Request(`${ORIGIN}${path}`, init)
  return bindings ? app.fetch(request, { ...env, ...bindings } as never) : exports.default.fetch(request)
}

/** Posts a form and reads the envelope. */
export async function post(
  fields: Record<string, unknown>,
  options: RequestOptions = {},
): Promise<ApiResponse> {
  const body = new URLSearchParams(fields as Record<string, string>)
  return readEnvelope(await send({ method: 'POST', body, ...options }))
}

/** Reads an envelope and checks its members, headers and encoding, but not its signature. */
export async function readEnvelope(response: Response): Promise<ApiResponse> {
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

/** Responses without signatures and base64, whose random characters may contain any short word. */
export function unsignedText(responses: readonly ApiResponse[]): string {
  return responses.map(({ response, headers }) => JSON.stringify([response, headers.get('Allow')])).join()
}

/** Whether this private key signed the envelope. */
export async function isSignedBy(privateKeyPem: string, { envelope }: ApiResponse): Promise<boolean> {
  return crypto.subtle.verify(
    'RSASSA-PKCS1-v1_5',
    await publicKeyOf(privateKeyPem),
    Uint8Array.fromBase64(String(envelope.signature)),
    new TextEncoder().encode(String(envelope.response_base64)),
  )
}

async function publicKeyOf(privateKeyPem: string): Promise<CryptoKey> {
  const der = Uint8Array.fromBase64(privateKeyPem.replace(/-----[A-Z ]+-----/g, ''))
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign'])
  const { n, e } = (await crypto.subtle.exportKey('jwk', key)) as JWK
  return crypto.subtle.importKey('jwk', { kty: 'RSA', n, e } as JsonWebKey, algorithm, false, ['verify'])
}
