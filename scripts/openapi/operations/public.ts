import type { OperationText } from '../operation.ts'

const PEM = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA...
-----END PUBLIC KEY-----
`

const JWK = {
  kty: 'RSA',
  n: 'xjYbpJ1L0mRk...',
  e: 'AQAB',
  kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  use: 'sig',
  alg: 'RS256',
}

/** What anybody may ask. */
export const publicOperations: readonly OperationText[] = [
  {
    path: '/api/v1/public-key',
    summary: 'The public key that verifies the answers about a product, or the global one',
    codes: ['incorrectData'],
    document: { contentType: 'text/plain', example: PEM },
    example: { request: { product_id: 1 } },
  },
  {
    path: '/.well-known/jwks.json',
    summary: 'All public keys, as a JWK Set (RFC 7517)',
    codes: [],
    document: { contentType: 'application/jwk-set+json', example: { keys: [JWK] } },
    example: { request: {} },
  },
  {
    path: '/health',
    summary: 'Whether the service answers and can sign',
    codes: ['healthy'],
    example: { request: {} },
  },
  {
    path: '/health/ready',
    summary: 'Whether the service can do its work: signing keys, database and migrations',
    codes: ['healthy'],
    example: { request: {} },
  },
]
