/** What the API's description says of the endpoints in this folder. */
import type { DocsByPath } from '../http/docs.ts'

export const docs: DocsByPath = {
  '/api/v1/public-key': {
    details:
      'Returns the key that verifies answers about a product, or the global key. Ship it with your software ' +
      'to verify answers without a connection. The PEM tells whether the key is RSA (RS256) or Ed25519 ' +
      '(EdDSA). `key=next` returns the key that will sign next, `key_id` any published key.',
    example: { request: { product_id: 1 } },
  },
  '/.well-known/jwks.json': {
    details:
      'A JWK Set (RFC 7517), for clients that find the key by the header `X-Signing-Key-Id`. It holds RSA ' +
      'keys (RS256), and Ed25519 keys (EdDSA) if the seller chose any. Fetch it again when you meet an ' +
      'unknown `kid`.',
    example: { request: {} },
  },
  '/health': {
    details: 'Checks that the service answers and can sign. It does not ask the database.',
    example: { request: {} },
  },
  '/health/ready': {
    details:
      'Checks signing keys, database and migrations. If one of them fails, the answer is 2503, and ' +
      '`not_ready` lists what is missing: `database`, `migrations` or `signing key`.',
    example: { request: {} },
  },
}
