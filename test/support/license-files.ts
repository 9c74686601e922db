/** Reads license files as a client does, with Web Crypto. */
import type { JWK } from 'jose'

export interface Certificate {
  readonly enc: string
  readonly sig: string
  readonly alg: string
  readonly kid: string
}

const FILE = /^-----BEGIN (MACHINE|LICENSE) FILE-----\n([\s\S]+)-----END \1 FILE-----\n$/

const ALGORITHMS = {
  EdDSA: { name: 'Ed25519' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
}

export function readCertificate(file: string): Certificate {
  return JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(FILE.exec(file)?.[2] ?? '')))
}

/**
 * @param keys public keys, one of which must have signed the file
 * @param secret decrypts the file: the license key, followed by the identifier in a machine file
 * @returns the payload
 * @throws if the signature or the secret is wrong
 */
export async function openLicenseFile(file: string, keys: readonly JWK[], secret?: string): Promise<unknown> {
  const { enc, sig, kid } = readCertificate(file)
  const jwk = keys.find((key) => key.kid === kid)
  if (!jwk) throw new Error('No such key.')
  const algorithm = ALGORITHMS[jwk.alg as keyof typeof ALGORITHMS]
  const key = await crypto.subtle.importKey('jwk', jwk as JsonWebKey, algorithm, false, ['verify'])
  const kind = FILE.exec(file)?.[1]?.toLowerCase()
  const signed = new TextEncoder().encode(`${kind}/${enc}`)
  if (!(await crypto.subtle.verify(algorithm, key, Uint8Array.fromBase64(sig), signed))) {
    throw new Error('The signature is wrong.')
  }
  const payload = secret === undefined ? Uint8Array.fromBase64(enc) : await decrypt(enc, secret)
  return JSON.parse(new TextDecoder().decode(payload))
}

async function decrypt(enc: string, secret: string): Promise<ArrayBuffer> {
  const [text, iv, tag] = enc.split('.').map((part) => Uint8Array.fromBase64(part))
  if (!text || !iv || !tag) throw new Error('The file is not encrypted.')
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret))
  const key = await crypto.subtle.importKey('raw', hash, 'AES-GCM', false, ['decrypt'])
  return crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, await new Blob([text, tag]).arrayBuffer())
}
