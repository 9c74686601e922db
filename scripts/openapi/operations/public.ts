import { EXAMPLE_KEY_SET, RSA_PEM } from '../example-keys.ts'
import type { OperationText } from '../operation.ts'

/** What anybody may ask. */
export const publicOperations: readonly OperationText[] = [
  {
    path: '/api/v1/public-key',
    summary: 'The public key that verifies the answers about a product, or the global one',
    details:
      'For clients that verify signatures by one key; ship it with your software, and it verifies without a ' +
      'connection. The PEM says itself whether it is RSA (RS256) or Ed25519 (EdDSA). With `key=next` it is ' +
      'the key that will sign after it, with `key_id` any that is published.',
    codes: ['incorrectData'],
    document: {
      contentType: 'text/plain',
      description: 'The public key, as PEM (RFC 7468 section 13)',
      schema: { type: 'string', pattern: '^-----BEGIN PUBLIC KEY-----\\n' },
      example: RSA_PEM,
    },
    example: { request: { product_id: 1 } },
  },
  {
    path: '/.well-known/jwks.json',
    summary: 'All public keys, as a JWK Set (RFC 7517)',
    details:
      'For clients that look the key up by the header `X-Signing-Key-Id`: RSA keys (RS256), and Ed25519 keys ' +
      '(EdDSA) where the seller has chosen them. A client that meets an unknown `kid` asks again.',
    codes: [],
    document: {
      contentType: 'application/jwk-set+json',
      description: 'The JWK Set',
      schema: { $ref: '#/components/schemas/KeySet' },
      example: EXAMPLE_KEY_SET,
    },
    example: { request: {} },
  },
  {
    path: '/health',
    summary: 'Whether the service answers and can sign',
    details: 'The database is not asked.',
    codes: ['healthy'],
    example: { request: {} },
  },
  {
    path: '/health/ready',
    summary: 'Whether the service can do its work: signing keys, database and migrations',
    details:
      'Where it can not, the answer is 2503, and `not_ready` tells what of `database`, `migrations` and ' +
      '`signing key` is missing.',
    codes: ['healthy'],
    example: { request: {} },
  },
]
