/** What a key is verified with and known by. It is worked out once per isolate, and holds nothing secret. */
import { calculateJwkThumbprint, exportJWK, exportSPKI, importJWK, type JWK } from 'jose'
import { type KeyAlgorithm, readPrivateKey, readPublicKey } from './key-algorithms.ts'
import { onceUsable } from './once-usable.ts'

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
export const publicHalfOf = onceUsable(async (privateKey: string): Promise<PublicKey> => {
  const { key, algorithm } = await readPrivateKey(privateKey, { extractable: true })
  return describe(await exportJWK(key), algorithm)
})

/**
 * @param publicKey SubjectPublicKeyInfo PEM
 * @throws where it is not the public half of a key that may sign
 */
export const describePublicKey = onceUsable(async (publicKey: string): Promise<PublicKey> => {
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
