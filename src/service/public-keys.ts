/** `GET /.well-known/jwks.json` and `GET /api/v1/public-key`: what a client verifies signatures with. */
import * as z from 'zod/mini'
import { queryFields } from '../http/body.ts'
import { logFailure } from '../platform/log.ts'
import { CODES } from '../protocol/codes.ts'
import type { Answer, Endpoint } from '../protocol/endpoint.ts'
import { checkFields, choice, type FieldErrors, optional, productId } from '../protocol/fields.ts'
import type { PublicKey } from '../signing/public-half.ts'
import { nextPublicKeyFor, publicKeyFor, publishedKeys } from '../signing/published-keys.ts'
import type { SigningSecrets } from '../signing/signing-keys.ts'

/** Five minutes: a client that meets an unknown key has the new one soon. */
const CACHE_CONTROL = 'public, max-age=300'

/** A SHA-256 in base64url (RFC 7638 section 3). */
const KEY_ID = /^[A-Za-z0-9_-]{43}$/

const PARAMETERS = z.object({
  product_id: optional(productId),
  key: optional(choice('key', ['current', 'next'])).check(
    z.meta({
      description:
        'Whether the key that signs is meant, or the one that will sign after it; current where it is left out',
    }),
  ),
  key_id: optional(
    z
      .string()
      .check(z.regex(KEY_ID, { error: 'The key_id field must be an id as X-Signing-Key-Id gives it.' })),
  ).check(
    z.meta({
      description:
        'The id of any published key, as X-Signing-Key-Id gives it; product_id and key are then ignored',
    }),
  ),
})

/** All public keys, as a JWK Set (RFC 7517 section 5). */
export const jwks: Endpoint = {
  method: 'GET',
  path: '/.well-known/jwks.json',
  access: 'public',
  async handle({ settings, record }) {
    const { keys, faults } = await publishedKeys(settings.signingSecrets)
    for (const fault of faults) logFailure(record.requestId, fault)
    const body = JSON.stringify({ keys: keys.map((key) => key.jwk) })
    // RFC 7517 section 8.5.2. A set that lacks a key is kept by nobody: once the setting is mended, all see it.
    return publicDocument(body, 'application/jwk-set+json', faults.length === 0 ? CACHE_CONTROL : 'no-store')
  },
}

/**
 * The public key of a product's answers, or the global one without `product_id`, as PEM (RFC 7468); with `key=next` the
 * one that will sign after it, with `key_id` any that is published.
 */
export const publicKey: Endpoint = {
  method: 'GET',
  path: '/api/v1/public-key',
  access: 'public',
  parameters: () => PARAMETERS,
  async handle({ request, settings }) {
    const checked = checkFields(PARAMETERS, queryFields(request.url))
    if (checked.kind === 'invalid') return incorrect(checked.errors)
    const found = await findKey(settings.signingSecrets, checked.parameters)
    if ('errors' in found) return incorrect(found.errors)
    return publicDocument(`${found.pem.trimEnd()}\n`, 'text/plain; charset=utf-8', CACHE_CONTROL)
  },
}

type Found = PublicKey | { readonly errors: FieldErrors }

/** @throws SettingError where the key could not be read, or may be among those that could not */
async function findKey(
  secrets: SigningSecrets,
  { product_id, key, key_id }: z.output<typeof PARAMETERS>,
): Promise<Found> {
  if (key_id !== undefined) return findById(secrets, key_id)
  if (key !== 'next') return publicKeyFor(secrets, product_id)
  const next = await nextPublicKeyFor(secrets, product_id)
  return next ?? { errors: { key: ['No other key comes next.'] } }
}

async function findById(secrets: SigningSecrets, keyId: string): Promise<Found> {
  const { keys, faults } = await publishedKeys(secrets)
  const published = keys.find(({ jwk }) => jwk.kid === keyId)
  if (published) return published
  const [fault] = faults
  if (fault) throw fault
  return { errors: { key_id: ['No key is published under this key_id.'] } }
}

function incorrect(errors: FieldErrors): Answer {
  return { code: CODES.incorrectData, fields: { errors } }
}

function publicDocument(body: string, contentType: string, cacheControl: string): Response {
  return new Response(body, { headers: { 'Content-Type': contentType, 'Cache-Control': cacheControl } })
}
