/** The JWK Set of the public keys (RFC 7517 section 5), as JSON Schema. */
import type { JsonSchema } from './document.ts'

const BASE64URL: JsonSchema = { type: 'string', pattern: '^[A-Za-z0-9_-]+$' }

/** A SHA-256 in base64url. */
export const KEY_ID: JsonSchema = {
  type: 'string',
  pattern: '^[A-Za-z0-9_-]{43}$',
}

/** The members that both kinds of keys have. */
function jwk(title: string, members: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const properties = {
    ...members,
    kid: { ...KEY_ID, description: 'The thumbprint of the key (RFC 7638), the value of X-Signing-Key-Id' },
    use: { const: 'sig' },
  }
  return { title, type: 'object', properties, required: Object.keys(properties) }
}

/** Schemas by component name. */
export const KEY_SCHEMAS = {
  RsaKey: jwk('An RSA key, of at least 2048 bits', {
    kty: { const: 'RSA' },
    alg: { const: 'RS256' },
    n: { ...BASE64URL, description: 'The modulus (RFC 7518 section 6.3.1)' },
    e: { ...BASE64URL, description: 'The exponent' },
  }),
  Ed25519Key: jwk('An Ed25519 key', {
    kty: { const: 'OKP' },
    alg: { const: 'EdDSA' },
    crv: { const: 'Ed25519' },
    x: { ...BASE64URL, description: 'The public key (RFC 8037 section 2)' },
  }),
  KeySet: {
    title: 'A JWK Set',
    type: 'object',
    required: ['keys'],
    properties: {
      keys: {
        type: 'array',
        minItems: 1,
        description: 'The current, next and retired keys, each once',
        items: {
          oneOf: [{ $ref: '#/components/schemas/RsaKey' }, { $ref: '#/components/schemas/Ed25519Key' }],
        },
      },
    },
  },
} satisfies Readonly<Record<string, JsonSchema>>
