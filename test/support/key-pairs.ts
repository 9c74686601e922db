/** New keys as PEM, as an operator creates them. */

export type Kind = 'RSA' | 'Ed25519'

const ALGORITHMS = {
  RSA: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048 },
  'RSA of 1024 bits': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 1024 },
  'RSA of 4096 bits': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 4096 },
  'RSA with exponent 3': {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([3]),
  },
  Ed25519: { name: 'Ed25519' },
  'P-256': { name: 'ECDSA', namedCurve: 'P-256' },
} as const

export interface KeyPair {
  /** PKCS#8. */
  readonly privateKey: string
  /** SubjectPublicKeyInfo. */
  readonly publicKey: string
}

export async function newKeyPair(kind: keyof typeof ALGORITHMS): Promise<KeyPair> {
  const algorithm = { publicExponent: new Uint8Array([1, 0, 1]), ...ALGORITHMS[kind] }
  const { privateKey, publicKey } = (await crypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  return {
    privateKey: pem('PRIVATE', (await crypto.subtle.exportKey('pkcs8', privateKey)) as ArrayBuffer),
    publicKey: pem('PUBLIC', (await crypto.subtle.exportKey('spki', publicKey)) as ArrayBuffer),
  }
}

export async function newPrivateKey(kind: keyof typeof ALGORITHMS): Promise<string> {
  return (await newKeyPair(kind)).privateKey
}

/** An X25519 key (RFC 8410). It looks like an Ed25519 key, but cannot sign. */
export function x25519PrivateKey(): string {
  const der = `302e020100300506032b656e04220420${'77'.repeat(32)}`
  return pem('PRIVATE', Uint8Array.fromHex(der).buffer)
}

function pem(kind: 'PRIVATE' | 'PUBLIC', der: ArrayBuffer): string {
  const lines = new Uint8Array(der).toBase64().replaceAll(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN ${kind} KEY-----\n${lines}\n-----END ${kind} KEY-----\n`
}
