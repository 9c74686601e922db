/** The signing key of the floor and the straightforward Worker, imported once per isolate. */
const ALGORITHM = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }

export interface BenchBindings {
  readonly DB: D1Database
  readonly SIGNING_PRIVATE_KEY: string
  readonly SIGNING_PRIVATE_KEY_FILES: string
  readonly STANDARD_WEBHOOK_SECRET: string
}

let imported: Promise<CryptoKey> | undefined

function signingKey(pem: string): Promise<CryptoKey> {
  const der = () => Uint8Array.fromBase64(pem.replaceAll('\\n', '\n').replace(/-----[A-Z ]+-----/g, ''))
  imported ??= crypto.subtle.importKey('pkcs8', der(), ALGORITHM, false, ['sign'])
  return imported
}

export async function sign(pem: string, text: string): Promise<ArrayBuffer> {
  return crypto.subtle.sign(ALGORITHM, await signingKey(pem), new TextEncoder().encode(text))
}
