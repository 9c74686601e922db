/** Public keys that ship with the app, and the signatures that they verify. */
import { type Bytes, fromBase64, fromHex, hexOf, utf8 } from './bytes.ts'

/** The algorithm names in Web Crypto. RFC 8032 section 5.1, RFC 8017 section 8.2. */
export type Scheme = 'Ed25519' | 'RSASSA-PKCS1-v1_5'

export interface PublicKey {
  readonly scheme: Scheme
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Bytes
}

const PEM = /^-----BEGIN PUBLIC KEY-----([\w+/=\s]+)-----END PUBLIC KEY-----$/
/** What precedes the 32 bytes of an Ed25519 key. It has only one encoding (RFC 8410 section 4). */
const ED25519_PREFIX = '302a300506032b6570032100'
/**
 * An RSA key with 16-bit lengths (RFC 8017 appendix A.1.1) and the exponent 65537. The group is the length of the modulus,
 * whose first byte is zero if its size in bits is a multiple of 8.
 */
const RSA = /^3082.{4}300d06092a864886f70d01010105000382.{4}003082.{4}0282(.{4}).+0203010001$/
/** 2048 bits and a zero byte. Shorter keys are not allowed (RFC 7518 section 3.3). */
const MODULUS_BYTES_MIN = 257

/**
 * @param text 64 hex digits of an Ed25519 key, or a PEM with an Ed25519 key or an RSA key of at least 2048 bits
 * @returns null for anything else
 */
export function readPublicKey(text: string): PublicKey | null {
  const key = text.trim()
  if (/^[\da-f]{64}$/i.test(key)) return publicKey('Ed25519', ED25519_PREFIX + key.toLowerCase())
  const der = derOf(key)
  if (der.startsWith(ED25519_PREFIX) && der.length === ED25519_PREFIX.length + 64) {
    return publicKey('Ed25519', der)
  }
  const modulusBytes = Number.parseInt(RSA.exec(der)?.[1] ?? '0', 16)
  return modulusBytes >= MODULUS_BYTES_MIN ? publicKey('RSASSA-PKCS1-v1_5', der) : null
}

function publicKey(scheme: Scheme, der: string): PublicKey {
  return { scheme, spki: fromHex(der) }
}

/** @returns hex digits, none if it is not a PEM */
function derOf(pem: string): string {
  const der = fromBase64(PEM.exec(pem)?.[1] ?? '')
  return der === null ? '' : hexOf(der)
}

/**
 * @param text the signed characters
 * @param signature base64
 * @returns whether one of the keys made the signature
 * @throws Error if the platform supports none of the keys
 */
export async function isSigned(
  text: string,
  signature: string,
  keys: readonly PublicKey[],
): Promise<boolean> {
  const imports = await Promise.allSettled(keys.map(importKey))
  const usable = imports.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  if (usable.length === 0) {
    throw new Error(
      'This platform supports none of the keys. Chrome has Ed25519 from version 137 on: give RSA keys to older ones.',
    )
  }
  const results = await Promise.all(usable.map((key) => isSignedBy(key, text, signature)))
  return results.includes(true)
}

function importKey({ scheme, spki }: PublicKey): Promise<CryptoKey> {
  return crypto.subtle.importKey('spki', spki, { name: scheme, hash: 'SHA-256' }, false, ['verify'])
}

async function isSignedBy(key: CryptoKey, text: string, signature: string): Promise<boolean> {
  const bytes = fromBase64(signature)
  return bytes !== null && crypto.subtle.verify(key.algorithm.name, key, bytes, utf8(text))
}
