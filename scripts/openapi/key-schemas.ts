/** The JWK Sets of the public keys (RFC 7517 section 5), as JSON Schema. */
import type { JsonSchema } from './document.ts'

const BASE64URL: JsonSchema = { type: 'string', pattern: '^[A-Za-z0-9_-]+$' }

/** A SHA-256 in base64url. */
export const KEY_ID: JsonSchema = {
  type: 'string',
  pattern: '^[A-Za-z0-9_-]{43}$',
}

type Members = Readonly<Record<string, JsonSchema>>

const RSA: Members = {
  kty: { const: 'RSA' },
  alg: { const: 'RS256' },
  n: { ...BASE64URL, description: 'The modulus (RFC 7518 section 6.3.1)' },
  e: { ...BASE64URL, description: 'The exponent' },
}

const ED25519: Members = {
  kty: { const: 'OKP' },
  alg: { const: 'EdDSA' },
  crv: { const: 'Ed25519' },
  x: { ...BASE64URL, description: 'The public key (RFC 8037 section 2)' },
}

const HEX: Members = {
  hex: { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'The public key in hexadecimal' },
}

/** For keys of license files. */
const PEM: Members = {
  pem: { type: 'string', pattern: '^-----BEGIN PUBLIC KEY-----\\n', description: 'The key as PEM' },
}

/** The members that all keys have. */
function jwk(title: string, members: Members): JsonSchema {
  const properties = {
    ...members,
    kid: {
      ...KEY_ID,
      description: 'The thumbprint of the key (RFC 7638), which X-Signing-Key-Id and license files name',
    },
    use: { const: 'sig' },
  }
  return { title, type: 'object', properties, required: Object.keys(properties) }
}

function keySet(title: string, keysMin: number, items: readonly string[]): JsonSchema {
  return {
    title,
    type: 'object',
    required: ['keys'],
    properties: {
      keys: {
        type: 'array',
        minItems: keysMin,
        description: 'The current, next and retired keys, each once',
        items: { oneOf: items.map((name) => ({ $ref: `#/components/schemas/${name}` })) },
      },
    },
  }
}

/** Schemas by component name. */
export const KEY_SCHEMAS = {
  RsaKey: jwk('An RSA key, of at least 2048 bits', RSA),
  Ed25519Key: jwk('An Ed25519 key', ED25519),
  KeySet: keySet('A JWK Set', 1, ['RsaKey', 'Ed25519Key']),
  RsaFileKey: jwk('An RSA key of license files, of at least 2048 bits', { ...RSA, ...PEM }),
  Ed25519FileKey: jwk('An Ed25519 key of license files', { ...ED25519, ...HEX, ...PEM }),
  FileKeySet: keySet('A JWK Set of license files', 0, ['RsaFileKey', 'Ed25519FileKey']),
} satisfies Readonly<Record<string, JsonSchema>>
