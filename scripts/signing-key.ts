/** `npm run --silent signing-key`: prints a fresh private key for signing, RSA-2048 in PKCS#8 PEM. */
import { generateKeyPairSync } from 'node:crypto'

export function newSigningKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

if (import.meta.main) process.stdout.write(newSigningKey())
