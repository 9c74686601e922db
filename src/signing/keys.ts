/**
 * Imports signing keys and derives their public keys. Only the key determines its algorithm (RFC 5280 section
 * 4.1.2.7), never a request or another setting.
 */
import {
  calculateJwkThumbprint,
  exportJWK,
  exportSPKI,
  importJWK,
  importPKCS8,
  importSPKI,
  type JWK,
} from 'jose'

export interface KeyAlgorithm {
  /** The `alg` of a JWK. */
  readonly name: 'RS256' | 'EdDSA'
  /** The algorithm name in Web Crypto. */
  readonly scheme: 'RSASSA-PKCS1-v1_5' | 'Ed25519'
}

export interface ImportedKey {
  readonly key: CryptoKey
  readonly algorithm: KeyAlgorithm
}

/** Supported by all clients of the protocol: RFC 8017 section 8.2 with SHA-256, RFC 7518 section 3.3. */
const RSA: KeyAlgorithm = { name: 'RS256', scheme: 'RSASSA-PKCS1-v1_5' }
/** RFC 8032 section 5.1, RFC 8037 section 3.1. */
const ED25519: KeyAlgorithm = { name: 'EdDSA', scheme: 'Ed25519' }

/** The AlgorithmIdentifier of Ed25519, which has only one DER encoding (RFC 8410 section 3). */
const ED25519_IDENTIFIER = '\x30\x05\x06\x03\x2b\x65\x70'
/** It follows the sequence header and, in PKCS#8, the version. Both have a fixed length in an Ed25519 key. */
const IDENTIFIER_OFFSET_BYTES = { pkcs8: 5, spki: 2 }

/** Required by RFC 7518 section 3.3. */
export const MODULUS_BITS_MIN = 2048
/** FIPS 186-5 section 5.1. With an exponent of 3, careless verifiers accept forged signatures (CVE-2006-4339). */
export const EXPONENT_MIN = 65_537

/** @throws if `text` is not the PKCS#8 PEM (RFC 5958, RFC 7468 section 10) of a private key that may sign */
export async function readPrivateKey(text: string, options: { extractable: boolean }): Promise<ImportedKey> {
  const pem = pemOf(text)
  const algorithm = algorithmOf(pem, 'pkcs8')
  return requireStrongRsa({ key: await importPKCS8(pem, algorithm.name, options), algorithm })
}

/** @throws if `text` is not the SubjectPublicKeyInfo PEM (RFC 7468 section 13) of a key that may sign */
export async function readPublicKey(text: string): Promise<ImportedKey> {
  const pem = pemOf(text)
  const algorithm = algorithmOf(pem, 'spki')
  return requireStrongRsa({
    key: await importSPKI(pem, algorithm.name, { extractable: true }),
    algorithm,
  })
}

/** A one-line setting has `\n` as two characters instead of line breaks. */
function pemOf(text: string): string {
  return text.replaceAll('\\n', '\n').trim()
}

/**
 * Any other key is imported as RSA, and the platform rejects it if it is not. The reverse would not work: the
 * platform imports any key as Ed25519 and fails only when the key is used.
 */
function algorithmOf(pem: string, format: 'pkcs8' | 'spki'): KeyAlgorithm {
  // Not `fromBase64`, which Node 24 lacks: the command line uses this file too.
  const der = atob(pem.replaceAll(/-----[A-Z ]+-----/g, ''))
  return der.startsWith(ED25519_IDENTIFIER, IDENTIFIER_OFFSET_BYTES[format]) ? ED25519 : RSA
}

/** A part of `RsaHashedKeyAlgorithm` in Web Crypto. The types of the platforms differ, their values do not. */
interface RsaParameters {
  readonly modulusLength: number
  /** A big-endian integer. */
  readonly publicExponent: Uint8Array
}

function requireStrongRsa(imported: ImportedKey): ImportedKey {
  const { algorithm } = imported.key
  if (!('modulusLength' in algorithm)) return imported
  const { modulusLength, publicExponent } = algorithm as unknown as RsaParameters
  if (modulusLength < MODULUS_BITS_MIN) throw new Error('The modulus is too short.')
  const exponent = publicExponent.reduce((value, byte) => value * 256 + byte, 0)
  if (exponent < EXPONENT_MIN) throw new Error('The exponent is too small.')
  return imported
}

export interface PublicKey {
  /** RFC 7517, for Ed25519 RFC 8037. Its `kid` is the RFC 7638 thumbprint. */
  readonly jwk: JWK & { readonly kid: string }
  /** SubjectPublicKeyInfo, RFC 7468 section 13. */
  readonly pem: string
}

/**
 * The only place that imports a private key as extractable. Only its public members are exported.
 *
 * @param privateKey PKCS#8 PEM
 * @throws if it is not a private key that may sign
 */
export const derivePublicKey = oncePerText(async (privateKey: string): Promise<PublicKey> => {
  const { key, algorithm } = await readPrivateKey(privateKey, { extractable: true })
  return toPublicKey(await exportJWK(key), algorithm)
})

/** @throws if `publicKey` is not the SubjectPublicKeyInfo PEM of a key that may sign */
export const parsePublicKey = oncePerText(async (publicKey: string): Promise<PublicKey> => {
  const { key, algorithm } = await readPublicKey(publicKey)
  return toPublicKey(await exportJWK(key), algorithm)
})

async function toPublicKey(jwk: JWK, { name }: KeyAlgorithm): Promise<PublicKey> {
  const members = publicMembers(jwk)
  const kid = await calculateJwkThumbprint(members)
  const publicKey = (await importJWK(members, name, { extractable: true })) as CryptoKey
  return { jwk: { ...members, kid, use: 'sig', alg: name }, pem: await exportSPKI(publicKey) }
}

/** Selected by name, to exclude private members (RFC 7518 section 6.3.1, RFC 8037 section 2). */
function publicMembers({ kty, n, e, crv, x }: JWK): JWK {
  return (kty === 'RSA' ? { kty, n, e } : { kty, crv, x }) as JWK
}

/** Memoizes successful results. Failures are not cached, so that every request reports them. */
export function oncePerText<Result>(
  read: (text: string) => Promise<Result>,
): (text: string) => Promise<Result> {
  const cache = new Map<string, Promise<Result>>()

  function readAndCache(text: string): Promise<Result> {
    const result = read(text)
    cache.set(text, result)
    result.catch(() => cache.delete(text))
    return result
  }

  return (text) => cache.get(text) ?? readAndCache(text)
}
