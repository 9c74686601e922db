/** Creates secrets. */
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'

/** RSA has 2048 bits; EdDSA is Ed25519. */
export const SIGNING_ALGORITHMS = ['RSA', 'EdDSA'] as const
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number]

/** @returns a private key for signing answers, in PKCS#8 PEM */
export function newSigningKey(algorithm: SigningAlgorithm = 'RSA'): string {
  return newPrivateKey(algorithm).export({ type: 'pkcs8', format: 'pem' }).toString()
}

function newPrivateKey(algorithm: SigningAlgorithm): KeyObject {
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519').privateKey
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
}

/** @returns a secret for signed webhooks, as Standard Webhooks writes it */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}
