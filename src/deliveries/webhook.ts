/**
 * The signed webhook to the seller: the same sealed envelope as the API's, and the order that it is for. It is
 * signed twice: the envelope for whoever is handed the keys, the request for the one who receives it.
 */
import type { Settings } from '../env.ts'
import { SIGNING_KEY_ID } from '../http/headers.ts'
import { settingError } from '../platform/setting-error.ts'
import { deliveryTarget } from '../platform/target.ts'
import { CODES } from '../protocol/codes.ts'
import { unixSeconds, withoutMilliseconds } from '../protocol/dates.ts'
import { seal, serialiseResponse } from '../protocol/envelope.ts'
import { licenseKeyObjects } from '../protocol/license-key-object.ts'
import { type SigningKey, signingKeyFor } from '../signing/signing-keys.ts'
import type { IssuanceConsignment } from './consignment.ts'
import { post } from './post.ts'
import { deliveryName, type Sent } from './sent.ts'
import { signedHeaders, webhookKey } from './standard-webhooks.ts'

/** Who takes longer has not answered. */
export const RESPONSE_TIMEOUT_MS = 10_000

/**
 * @param now milliseconds UTC
 * @throws SettingError where it can not be signed, or has nowhere to go
 */
export async function sendWebhook(
  settings: Settings,
  consignment: IssuanceConsignment,
  now: number,
  timeoutMs: number,
): Promise<Sent> {
  const { webhookUrl, webhookSecret, isLocalDevelopment } = settings.deliveries
  const url = consignment.productWebhookUrl ?? webhookUrl
  if (url === undefined) throw settingError('DELIVERY_WEBHOOK_URL', 'is not set')
  const target = deliveryTarget(url, isLocalDevelopment)
  if (!target) return { kind: 'not-delivered', result: 'target not allowed' }
  const key = webhookKey(webhookSecret)
  const signingKey = await signingKeyFor(settings.signingSecrets, consignment.issuance.productId)
  const body = await envelopeOf(consignment, signingKey)
  const signature = await signedHeaders(deliveryName(consignment), unixSeconds(now), body, key)
  const headers = { ...signature, [SIGNING_KEY_ID]: signingKey.keyId }
  return post(target, body, headers, timeoutMs)
}

/** The same characters in each attempt, as long as nothing about the keys is changed. */
async function envelopeOf(consignment: IssuanceConsignment, signingKey: SigningKey): Promise<string> {
  const { issuedAt, order } = consignment
  const fields = { license_keys: presentLicenseKeyObjects(consignment), order }
  return seal(serialiseResponse(CODES.licenseKeysAssigned, fields, unixSeconds(issuedAt)), signingKey)
}

/** The protocol's objects as the keys are now: they may have been blocked or renewed since they were issued. */
function presentLicenseKeyObjects({ issuance, issuedAt, keys }: IssuanceConsignment): object[] {
  const names = keys.map(({ id, licenseKey }) => [id, licenseKey] as const)
  const asIssued = licenseKeyObjects(issuance, issuedAt, names)
  return keys.map((key, index) => ({
    ...asIssued[index],
    activation_limit: key.activationLimit,
    validity: key.validityDays,
    status: key.status,
    updated_at: withoutMilliseconds(key.updatedAt),
  }))
}
