/**
 * The webhook that sends issued keys and their order to the seller. It has two signatures: the API's
 * envelope, which anyone who gets the keys can verify, and the Standard Webhooks headers for the receiver.
 */
import { SIGNING_KEY_ID } from '../http/headers.ts'
import { type Bindings, isLocalDevelopment, settingError } from '../platform/settings.ts'
import { deliveryTarget } from '../platform/target.ts'
import { CODES } from '../protocol/codes.ts'
import { unixSeconds, withoutMilliseconds } from '../protocol/dates.ts'
import { seal, serializeResponse } from '../protocol/envelope.ts'
import { licenseKeyObjects } from '../protocol/license-key-object.ts'
import { type SigningKey, signingKeyFor, signingSecrets } from '../signing/signing-keys.ts'
import { deliveryName, type IssuanceContents } from './contents.ts'
import { post, type SendResult } from './post.ts'
import { deliverySettings } from './settings.ts'

export const RESPONSE_TIMEOUT_MS = 10_000

/**
 * @param now milliseconds UTC
 * @throws SettingError if a setting is missing or the secret is invalid
 */
export async function sendWebhook(
  env: Bindings,
  contents: IssuanceContents,
  now: number,
  timeoutMs: number,
): Promise<SendResult> {
  const { webhookUrl, webhookSecret } = deliverySettings(env)
  const url = contents.productWebhookUrl ?? webhookUrl
  if (url === undefined) throw settingError('DELIVERY_WEBHOOK_URL', 'is not set')
  const target = deliveryTarget(url, isLocalDevelopment(env))
  if (!target) return { kind: 'not-delivered', result: 'target not allowed' }
  const key = webhookKey(webhookSecret)
  const signingKey = await signingKeyFor(signingSecrets(env), contents.productId)
  const body = await envelopeOf(contents, signingKey)
  const signature = await signedHeaders(deliveryName(contents), unixSeconds(now), body, key)
  return post(target, body, { ...signature, [SIGNING_KEY_ID]: signingKey.keyId }, timeoutMs)
}

/** Each attempt sends the same text, unless the keys change. */
async function envelopeOf(contents: IssuanceContents, signingKey: SigningKey): Promise<string> {
  const { issuedAt, order } = contents
  const fields = { license_keys: currentObjects(contents), order }
  return seal(serializeResponse(CODES.licenseKeysAssigned, fields, unixSeconds(issuedAt)), signingKey)
}

/** The keys in their current state. They may have been blocked or renewed since they were issued. */
function currentObjects(contents: IssuanceContents): object[] {
  const { issuedAt, keys } = contents
  const asIssued = licenseKeyObjects(
    contents,
    issuedAt,
    keys.map(({ id, licenseKey, activationLimit, validityDays }) => {
      return [id, licenseKey, activationLimit, validityDays, issuedAt]
    }),
  )
  return keys.map(({ status, updatedAt }, index) => ({
    ...asIssued[index],
    status,
    updated_at: withoutMilliseconds(updatedAt),
  }))
}

const SECRET_PREFIX = 'whsec_'
const KEY_BYTES_MIN = 24
const KEY_BYTES_MAX = 64

/** Decodes the HMAC key in DELIVERY_WEBHOOK_SECRET. @throws SettingError */
function webhookKey(secret: string | undefined): Uint8Array<ArrayBuffer> {
  if (secret === undefined) throw settingError('DELIVERY_WEBHOOK_SECRET', 'is not set')
  const key = secret.startsWith(SECRET_PREFIX) ? fromBase64(secret.slice(SECRET_PREFIX.length)) : undefined
  if (key && key.byteLength >= KEY_BYTES_MIN && key.byteLength <= KEY_BYTES_MAX) return key
  const fault = `must be whsec_ and the base64 of ${KEY_BYTES_MIN} to ${KEY_BYTES_MAX} bytes`
  throw settingError('DELIVERY_WEBHOOK_SECRET', fault)
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.fromBase64(text)
  } catch {
    return undefined
  }
}

/** The headers of Standard Webhooks. @param timestamp Unix seconds of the attempt */
async function signedHeaders(
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
