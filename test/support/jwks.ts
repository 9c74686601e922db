/** Verifies as a client does that knows nothing but the JWK Set and the header that names the key. */
import { createLocalJWKSet, type JSONWebKeySet, type JWK } from 'jose'
import { expect } from 'vitest'
import { type Opened, send } from './client.ts'

/** The JWK Set that is published with these bindings. */
export async function jwksOf(bindings: object): Promise<JSONWebKeySet> {
  const response = await send({ path: '/.well-known/jwks.json', bindings })
  expect(response.status).toBe(200)
  return response.json()
}

export function keyIds({ keys }: JSONWebKeySet): (string | undefined)[] {
  return keys.map(({ kid }) => kid)
}

/** The public key as PEM. @param query what is asked for, such as `?key=next` */
export async function pemOf(query: string, bindings: object): Promise<string> {
  const response = await send({ path: `/api/v1/public-key${query}`, bindings })
  expect(response.status).toBe(200)
  return response.text()
}

/** Whether the key that the answer names is in the set and made the signature. */
export async function isVerifiedBy(set: JSONWebKeySet, opened: Opened): Promise<boolean> {
  const kid = opened.headers.get('X-Signing-Key-Id')
  const jwk = set.keys.find((key) => key.kid === kid)
  return jwk !== undefined && isMadeBy(jwk, opened)
}

/** Whether this key made the signature. */
export async function isMadeBy(jwk: JWK, { envelope }: Opened): Promise<boolean> {
  const signature = Uint8Array.fromBase64(String(envelope.signature))
  // RFC 8032 section 5.1.7: what has another length is no signature, which the platform says by throwing.
  if (jwk.kty === 'OKP' && signature.byteLength !== 64) return false
  const key = await createLocalJWKSet({ keys: [jwk] })({ alg: String(jwk.alg), kid: String(jwk.kid) })
  return crypto.subtle.verify(
    key.algorithm.name,
    key,
    signature,
    new TextEncoder().encode(String(envelope.response_base64)),
  )
}
