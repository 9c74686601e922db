/**
 * Reads the keys that may sign, and works out their public halves. Which algorithm a key is for, the key itself says
 * (RFC 5280 section 4.1.2.7): no request and no other setting has a say in it.
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
  /** As a JWK names it in `alg`. */
  readonly name: 'RS256' | 'EdDSA'
  /** As Web Crypto signs by it. */
  readonly scheme: 'RSASSA-PKCS1-v1_5' | 'Ed25519'
}

/** A key and the algorithm that it is for. */
export interface ReadKey {
  readonly key: CryptoKey
  readonly algorithm: KeyAlgorithm
}

/** RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2, RFC 7518 section 3.3): what the protocol's clients know. */
const RSA: KeyAlgorithm = { name: 'RS256', scheme: 'RSASSA-PKCS1-v1_5' }
/** RFC 8032 section 5.1, RFC 8037 section 3.1. */
const ED25519: KeyAlgorithm = { name: 'EdDSA', scheme: 'Ed25519' }

/** The AlgorithmIdentifier of Ed25519 in DER (RFC 8410 section 3), which writes it in no other way; a character a byte. */
const ED25519_IDENTIFIER = '\x30\x05\x06\x03\x2b\x65\x70'
/** Where it stands: behind the header of the key and, in PKCS#8, the version. Keys of Ed25519 are short, so both are. */
const IDENTIFIER_OFFSET_BYTES = { pkcs8: 5, spki: 2 }

/** RFC 7518 section 3.3 requires it. */
export const MODULUS_BITS_MIN = 2048

/**
 * @param text PKCS#8 PEM (RFC 5958, RFC 7468 section 10)
 * @param options whether its members can be taken out again
 * @throws where it is no private key that may sign
 */
export async function readPrivateKey(text: string, options: { extractable: boolean }): Promise<ReadKey> {
  const pem = pemOf(text)
  const algorithm = algorithmOf(pem, 'pkcs8')
  return longEnough({ key: await importPKCS8(pem, algorithm.name, options), algorithm })
}

/**
 * @param text SubjectPublicKeyInfo PEM (RFC 7468 section 13)
 * @throws where it is not the public half of a key that may sign
 */
export async function readPublicKey(text: string): Promise<ReadKey> {
  const pem = pemOf(text)
  const algorithm = algorithmOf(pem, 'spki')
  return longEnough({ key: await importSPKI(pem, algorithm.name, { extractable: true }), algorithm })
}

/** A setting on one line has its line ends as the two characters `\n`. */
function pemOf(text: string): string {
  return text.replaceAll('\\n', '\n').trim()
}

/**
 * What is not of Ed25519 is read as RSA, and refused by the platform where it is neither. The other way round it would
 * not be: the platform takes keys of any kind for Ed25519 until they are used.
 */
function algorithmOf(pem: string, format: 'pkcs8' | 'spki'): KeyAlgorithm {
  // Not `fromBase64`: the scripts read keys with this too, and Node 24 has none.
  const der = atob(pem.replaceAll(/-----[A-Z ]+-----/g, ''))
  return der.startsWith(ED25519_IDENTIFIER, IDENTIFIER_OFFSET_BYTES[format]) ? ED25519 : RSA
}

function longEnough(read: ReadKey): ReadKey {
  const { algorithm } = read.key
  if ('modulusLength' in algorithm && Number(algorithm.modulusLength) < MODULUS_BITS_MIN) {
    throw new Error('The modulus is too short.')
  }
  return read
}

/** What a key is verified with and known by. It holds nothing secret. */
export interface PublicKey {
  /** RFC 7517; of Ed25519 RFC 8037. With `kid` = RFC 7638 thumbprint. */
  readonly jwk: JWK & { readonly kid: string }
  /** SubjectPublicKeyInfo, RFC 7468 section 13. */
  readonly pem: string
}

/**
 * The only place where a private key is read as extractable: its public members are needed, and it is dropped.
 *
 * @param privateKey PKCS#8 PEM
 * @throws where it is no private key that may sign
 */
export const publicHalfOf = oncePerText(async (privateKey: string): Promise<PublicKey> => {
  const { key, algorithm } = await readPrivateKey(privateKey, { extractable: true })
  return describe(await exportJWK(key), algorithm)
})

/**
 * @param publicKey SubjectPublicKeyInfo PEM
 * @throws where it is not the public half of a key that may sign
 */
export const describePublicKey = oncePerText(async (publicKey: string): Promise<PublicKey> => {
  const { key, algorithm } = await readPublicKey(publicKey)
  return describe(await exportJWK(key), algorithm)
})

async function describe(jwk: JWK, { name }: KeyAlgorithm): Promise<PublicKey> {
  const members = publicMembers(jwk)
  const kid = await calculateJwkThumbprint(members)
  const publicKey = (await importJWK(members, name, { extractable: true })) as CryptoKey
  return { jwk: { ...members, kid, use: 'sig', alg: name }, pem: await exportSPKI(publicKey) }
}

/** Each by its name, so that no private one can slip through (RFC 7518 section 6.3.1, RFC 8037 section 2). */
function publicMembers({ kty, n, e, crv, x }: JWK): JWK {
  return (kty === 'RSA' ? { kty, n, e } : { kty, crv, x }) as JWK
}

/**
 * Settings do not change while an isolate lives, so each text is read once.
 *
 * @returns the same function, which remembers its results. It forgets failures, so that each request reports them
 */
export function oncePerText<Result>(
  read: (text: string) => Promise<Result>,
): (text: string) => Promise<Result> {
  const known = new Map<string, Promise<Result>>()

  function readAndKeep(text: string): Promise<Result> {
    const result = read(text)
    known.set(text, result)
    result.catch(() => known.delete(text))
    return result
  }

  return (text) => known.get(text) ?? readAndKeep(text)
}
