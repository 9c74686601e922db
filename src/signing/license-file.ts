/**
 * License files: a signed text that says "this license, on this machine, until then", which software verifies offline.
 * The format is that of Keygen, so that its verifiers accept the files; `kid` is ours.
 *
 * Guarantees: the same contents, key and secret give the same bytes (for both algorithms, RFC 8032 section 5.1.6 and
 * RFC 8017 section 8.2). The signature covers the kind, so a file of one kind never passes as the other.
 */
import type { FileAlgorithm, FileSigningKey } from './file-keys.ts'

/** `license`: for any machine. */
export type LicenseFileKind = 'machine' | 'license'

export interface LicenseFile {
  readonly kind: LicenseFileKind
  /** The payload. */
  readonly contents: object
  readonly key: FileSigningKey
  /** Encrypts the payload: the license key, followed by the identifier in a machine file. null: not encrypted. */
  readonly encryptionSecret: string | null
}

/** Of the base64 of a certificate. */
const LINE = /.{1,60}/g
/** NIST SP 800-38D section 5.2.1.1. */
const IV_BYTES = 12
const TAG_BYTES = 16

const encoder = new TextEncoder()

/** @returns the certificate, whose lines end with a line feed */
export async function makeLicenseFile(file: LicenseFile): Promise<string> {
  const { kind, key, encryptionSecret } = file
  const payload = encoder.encode(JSON.stringify(file.contents))
  const enc = encryptionSecret === null ? payload.toBase64() : await encrypt(payload, encryptionSecret)
  const signed = encoder.encode(`${kind}/${enc}`)
  const signature = new Uint8Array(await crypto.subtle.sign(key.scheme, key.privateKey, signed))
  const certificate = {
    enc,
    sig: signature.toBase64(),
    alg: algorithmName(key.algorithm, encryptionSecret !== null),
    kid: key.keyId,
  }
  const lines = encoder.encode(JSON.stringify(certificate)).toBase64().replaceAll(LINE, '$&\n')
  const title = `${kind.toUpperCase()} FILE`
  return `-----BEGIN ${title}-----\n${lines}-----END ${title}-----\n`
}

function algorithmName(algorithm: FileAlgorithm, isEncrypted: boolean): string {
  return `${isEncrypted ? 'aes-256-gcm' : 'base64'}+${algorithm}`
}

/**
 * AES-256-GCM (NIST SP 800-38D). The key is one hash of the secret, as the format requires, so this protects only a
 * secret that cannot be guessed.
 *
 * @returns the base64 of the ciphertext, the IV and the tag, separated by dots
 */
async function encrypt(payload: BufferSource, secret: string): Promise<string> {
  const keyBytes = await crypto.subtle.digest('SHA-256', encoder.encode(secret))
  const iv = await ivFor(payload, keyBytes)
  const key = await crypto.subtle.importKey('raw', keyBytes, 'AES-GCM', false, ['encrypt'])
  const algorithm = { name: 'AES-GCM', iv, tagLength: TAG_BYTES * 8 }
  const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, key, payload))
  const parts = [sealed.subarray(0, -TAG_BYTES), iv, sealed.subarray(-TAG_BYTES)]
  return parts.map((part) => part.toBase64()).join('.')
}

/** Derived from the payload instead of random, so that the same payload gives the same file, and another payload another IV. */
async function ivFor(payload: BufferSource, keyBytes: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', keyBytes, algorithm, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, payload)).slice(0, IV_BYTES)
}
