/** Verifies envelopes as a client does: with the JWK Set and the header that names the key. */
import { createLocalJWKSet, type JSONWebKeySet, type JWK } from 'jose'
import { expect } from 'vitest'
import { type ApiResponse, send } from './client.ts'

/** The JWK Set that the Worker publishes with these bindings. */
export async function jwksOf(bindings: object): Promise<JSONWebKeySet> {
  const response = await send({ path: '/.well-known/jwks.json', bindings })
  expect(response.status).toBe(200)
  return response.json()
}

export function keyIds({ keys }: JSONWebKeySet): (string | undefined)[] {
  return keys.map(({ kid }) => kid)
}

/** @param query for example `?key=next` */
export async function pemOf(query: string, bindings: object): Promise<string> {
  const response = await send({ path: `/api/v1/public-key${query}`, bindings })
  expect(response.status).toBe(200)
  return response.text()
}

/** Whether the set has the key that the response names, and that key made the signature. */
export async function isVerifiedBy(set: JSONWebKeySet, response: ApiResponse): Promise<boolean> {
  const kid = response.headers.get('X-Signing-Key-Id')
  const jwk = set.keys.find((key) => key.kid === kid)
  return jwk !== undefined && isSignedByJwk(jwk, response)
}

export async function isSignedByJwk(jwk: JWK, { envelope }: ApiResponse): Promise<boolean> {
  const signature = Uint8Array.fromBase64(String(envelope.signature))
  // RFC 8032 section 5.1.7: a signature has 64 bytes. The platform throws on any other length.
  if (jwk.kty === 'OKP' && signature.byteLength !== 64) return false
  const key = await createLocalJWKSet({ keys: [jwk] })({ alg: String(jwk.alg), kid: String(jwk.kid) })
  return crypto.subtle.verify(
    key.algorithm.name,
    key,
    signature,
    new TextEncoder().encode(String(envelope.response_base64)),
  )
}
