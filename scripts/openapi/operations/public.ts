import { EXAMPLE_KEY_SET, RSA_PEM } from '../example-keys.ts'
import type { OperationText } from '../operation.ts'

/** What anybody may ask. */
export const publicOperations: readonly OperationText[] = [
  {
    path: '/api/v1/public-key',
    summary: 'Get a public key',
    details:
      'Returns the key that verifies answers about a product, or the global key. Ship it with your software ' +
      'to verify answers without a connection. The PEM tells whether the key is RSA (RS256) or Ed25519 ' +
      '(EdDSA). `key=next` returns the key that will sign next, `key_id` any published key.',
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
    summary: 'Get all public keys',
    details:
      'A JWK Set (RFC 7517), for clients that find the key by the header `X-Signing-Key-Id`. It holds RSA ' +
      'keys (RS256), and Ed25519 keys (EdDSA) if the seller chose any. Fetch it again when you meet an ' +
      'unknown `kid`.',
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
    summary: 'Check that the service runs',
    details: 'Checks that the service answers and can sign. It does not ask the database.',
    codes: ['healthy'],
    example: { request: {} },
  },
  {
    path: '/health/ready',
    summary: 'Check that the service is ready',
    details:
      'Checks signing keys, database and migrations. If one of them fails, the answer is 2503, and ' +
      '`not_ready` lists what is missing: `database`, `migrations` or `signing key`.',
    codes: ['healthy'],
    example: { request: {} },
  },
]
