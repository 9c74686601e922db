/** The key that signs the examples, and the public keys that they show. */
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'

const RSA_KEY = createPrivateKey(readFileSync(path.join(import.meta.dirname, 'example-signing-key.pem')))

export const RSA_PEM = String(createPublicKey(RSA_KEY).export({ type: 'spki', format: 'pem' }))

/** A public key whose private half nobody has: no example is signed with it. */
const ED25519_PEM = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAnQu7ToALoVEEdG+KrWgnsSw6YghfKlMQXbnpFU/PqBk=
-----END PUBLIC KEY-----
`

/** A key as the JWK Set tells it: its public members, its thumbprint (RFC 7638), and what it is for. */
function jwkOf(pem: string, alg: 'RS256' | 'EdDSA') {
  const { kty, n, e, crv, x } = createPublicKey(pem).export({ format: 'jwk' })
  // The members of a thumbprint stand in the order of their names.
  const [members, ordered] =
    alg === 'RS256'
      ? [
          { kty, n, e },
          { e, kty, n },
        ]
      : [
          { kty, crv, x },
          { crv, kty, x },
        ]
  const kid = createHash('sha256').update(JSON.stringify(ordered)).digest('base64url')
  return { ...members, kid, use: 'sig', alg }
}

/** A deployment that signs with RSA, and about one product with Ed25519. */
export const EXAMPLE_KEY_SET = { keys: [jwkOf(RSA_PEM, 'RS256'), jwkOf(ED25519_PEM, 'EdDSA')] }

/**
 * Signs as src/envelope/envelope.ts does. RSASSA-PKCS1-v1_5 gives the same signature each time (RFC 8017 section 8.2),
 * so the description changes only where an example does.
 *
 * @param signed the characters of `response_base64`
 * @returns base64 of the signature
 */
export function signExample(signed: string): string {
  return sign('sha256', Buffer.from(signed), RSA_KEY).toString('base64')
}

/** The `kid` of the key that signs the examples. */
export const EXAMPLE_KEY_ID = jwkOf(RSA_PEM, 'RS256').kid
