/** Signs as the Standard Webhooks specification says, so that receivers verify with a library they can choose. */
import { settingError } from '../platform/setting-error.ts'

const SECRET_PREFIX = 'whsec_'
const KEY_BYTES_MIN = 24
const KEY_BYTES_MAX = 64

/**
 * @param secret the setting DELIVERY_WEBHOOK_SECRET
 * @returns the HMAC key in it
 * @throws SettingError where there is none
 */
export function webhookKey(secret: string | undefined): Uint8Array<ArrayBuffer> {
  if (secret === undefined) throw settingError('DELIVERY_WEBHOOK_SECRET', 'is not set')
  const key = secret.startsWith(SECRET_PREFIX) ? fromBase64(secret.slice(SECRET_PREFIX.length)) : undefined
  if (key && key.byteLength >= KEY_BYTES_MIN && key.byteLength <= KEY_BYTES_MAX) return key
  const fault = `is not whsec_ and the base64 of ${KEY_BYTES_MIN} to ${KEY_BYTES_MAX} bytes`
  throw settingError('DELIVERY_WEBHOOK_SECRET', fault)
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.fromBase64(text)
  } catch {
    return undefined
  }
}

/**
 * @param id the message's name, the same in each attempt
 * @param timestamp of the attempt, Unix seconds
 * @param body the very text that is sent
 * @returns the headers that prove where it comes from
 */
export async function signedHeaders(
  id: string,
  timestamp: number,
  body: string,
  key: Uint8Array<ArrayBuffer>,
): Promise<Record<string, string>> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const hmacKey = await crypto.subtle.importKey('raw', key, algorithm, false, ['sign'])
  const signed = new TextEncoder().encode(`${id}.${timestamp}.${body}`)
  const signature = new Uint8Array(await crypto.subtle.sign(algorithm, hmacKey, signed))
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${signature.toBase64()}`,
  }
}
