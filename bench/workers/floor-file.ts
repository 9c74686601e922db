/** The least work for a license file: one statement, one encryption, one signature. */
import type { BenchBindings } from './signing.ts'

const DAY_MS = 86_400_000
const TTL_MS = 14 * DAY_MS
const TAG_BYTES = 16

const encoder = new TextEncoder()

let imported: Promise<CryptoKey> | undefined

function fileKey(pem: string): Promise<CryptoKey> {
  const der = () => Uint8Array.fromBase64(pem.replaceAll('\\n', '\n').replace(/-----[A-Z ]+-----/g, ''))
  imported ??= crypto.subtle.importKey('pkcs8', der(), 'Ed25519', false, ['sign'])
  return imported
}

const REMEMBER_FILE = `update activations set file_ends_at = ?4 from license_keys
  where license_keys.license_key = ?1 and license_keys.status = 'assigned'
    and (license_keys.validity_days = 0 or license_keys.assigned_at + license_keys.validity_days * ${DAY_MS} > ?3)
    and activations.license_key_id = license_keys.id and activations.identifier = ?2
  returning activations.id, activations.license_key_id as licenseKeyId`

export async function checkOut(form: URLSearchParams, env: BenchBindings, now: number): Promise<object> {
  const [licenseKey, identifier] = [form.get('license_key') ?? '', form.get('identifier') ?? '']
  const found = await env.DB.prepare(REMEMBER_FILE)
    .bind(licenseKey, identifier, now, now + TTL_MS)
    .first<{ id: number; licenseKeyId: number }>()
  if (!found) throw new Error('The license key is not active on this device.')
  const meta = { issued: iso(now), expiry: iso(now + TTL_MS), ttl: TTL_MS / 1000 }
  const attributes = { created: iso(0), updated: iso(0), metadata: {} }
  const license = {
    type: 'licenses',
    id: String(found.licenseKeyId),
    attributes: { key: licenseKey, ...attributes },
  }
  const data = {
    type: 'machines',
    id: String(found.id),
    attributes: { fingerprint: identifier, ...attributes },
  }
  const enc = await encrypt(JSON.stringify({ meta, data, included: [license] }), licenseKey + identifier)
  const signed = encoder.encode(`machine/${enc}`)
  const signature = await crypto.subtle.sign('Ed25519', await fileKey(env.SIGNING_PRIVATE_KEY_FILES), signed)
  const sig = new Uint8Array(signature).toBase64()
  const certificate = encoder.encode(JSON.stringify({ enc, sig, alg: 'aes-256-gcm+ed25519' })).toBase64()
  return { code: 2210, message: 'License file', license_file: certificate }
}

async function encrypt(text: string, secret: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', encoder.encode(secret))
  const key = await crypto.subtle.importKey('raw', hash, 'AES-GCM', false, ['encrypt'])
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const sealed = new Uint8Array(
    await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, encoder.encode(text)),
  )
  const parts = [sealed.subarray(0, -TAG_BYTES), iv, sealed.subarray(-TAG_BYTES)]
  return parts.map((part) => part.toBase64()).join('.')
}

function iso(instant: number): string {
  return new Date(instant).toISOString()
}
