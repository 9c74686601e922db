/** Texts for the OpenAPI description of the endpoints in this folder. */
import type { DocsByPath } from '../http/docs.ts'

export const docs: DocsByPath = {
  '/api/v1/public-key': {
    details:
      'Returns the public key that verifies responses about a product, or the global key. Ship it with ' +
      'your software to verify responses offline. The PEM identifies the key as RSA (RS256) or Ed25519 ' +
      '(EdDSA). `key=next` returns the key that will sign next. `key_id` selects any published key.',
    example: { request: { product_id: 1 } },
  },
  '/.well-known/jwks.json': {
    details:
      'Returns a JWK Set (RFC 7517) for clients that select the key by the header `X-Signing-Key-Id`. It ' +
      'contains RSA keys (RS256), and Ed25519 keys (EdDSA) if the seller uses any. Fetch it again when you ' +
      'receive an unknown `kid`.',
    example: { request: {} },
  },
  '/.well-known/license-file-keys.json': {
    details:
      'Returns the public keys that verify license files, as a JWK Set with two more members: `pem` has the key as ' +
      'PEM, and `hex` an Ed25519 key as 64 hexadecimal digits. Ship the key that you use with your software. The set is ' +
      'empty if the seller has no such keys.',
    example: { request: {} },
  },
  '/health': {
    details: 'Checks that the service responds and can sign. Does not query the database.',
    example: { request: {} },
  },
  '/health/ready': {
    details:
      'Checks the signing keys, the database and its migrations. If a check fails, the code is 2503, and ' +
      '`not_ready` lists the failed checks: `database`, `migrations` or `signing key`. Otherwise `warnings` ' +
      'lists what an operator should look at, such as `{"name": "deliveries-failed", "count": 3}`. It is ' +
      'omitted if there is nothing.',
    example: { request: {} },
  },
}
