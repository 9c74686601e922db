/** The key that signs the examples, and the public keys that they show. */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parsePublicKey } from '../../src/signing/keys.ts'

const RSA_KEY = createPrivateKey(readFileSync(path.join(import.meta.dirname, 'example-signing-key.pem')))

export const RSA_PEM = String(createPublicKey(RSA_KEY).export({ type: 'spki', format: 'pem' }))

/** A public key without a private key. No example is signed with it. */
const ED25519_PEM = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAnQu7ToALoVEEdG+KrWgnsSw6YghfKlMQXbnpFU/PqBk=
-----END PUBLIC KEY-----
`

const RSA_JWK = (await parsePublicKey(RSA_PEM)).jwk
const ED25519_JWK = (await parsePublicKey(ED25519_PEM)).jwk

/** A deployment that signs with RSA, and with Ed25519 for one product. */
export const EXAMPLE_KEY_SET = { keys: [RSA_JWK, ED25519_JWK] }

/** The same keys in the forms of the keys of license files. A deployment has other keys for these. */
export const EXAMPLE_FILE_KEY_SET = {
  keys: [
    {
      ...ED25519_JWK,
      hex: Buffer.from(String(ED25519_JWK.x), 'base64url').toString('hex'),
      pem: ED25519_PEM,
    },
    { ...RSA_JWK, pem: RSA_PEM },
  ],
}

/**
 * Signs like src/protocol/envelope.ts. RSASSA-PKCS1-v1_5 is deterministic (RFC 8017 section 8.2), so the description
 * changes only if an example does.
 *
 * @param signed the characters of `response_base64`
 * @returns base64 of the signature
 */
export function signExample(signed: string): string {
  return sign('sha256', Buffer.from(signed), RSA_KEY).toString('base64')
}

/** The `kid` of the key that signs the examples. */
export const EXAMPLE_KEY_ID = RSA_JWK.kid
