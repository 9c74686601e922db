/** `GET /.well-known/jwks.json` and `GET /api/v1/public-key`: what a client verifies signatures with. */
import * as z from 'zod/mini'
import { ANYONE, done } from '../callers/caller.ts'
import { endpoint } from '../http/endpoint.ts'
import { logFailure } from '../platform/log.ts'
import { CODES } from '../protocol/codes.ts'
import { choice, type FieldErrors, optional, productId } from '../protocol/fields.ts'
import type { PublicKey } from '../signing/keys.ts'
import { nextPublicKeyFor, publicKeyFor, publishedKeys } from '../signing/published-keys.ts'
import { type SigningSecrets, signingSecrets } from '../signing/signing-keys.ts'

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
export const jwks = endpoint({
  method: 'GET',
  path: '/.well-known/jwks.json',
  summary: 'Get all public keys',
  caller: ANYONE,
  browsers: true,
  outcomes: {},
  async handle({ env, requestId }) {
    const { keys, faults } = await publishedKeys(signingSecrets(env))
    for (const fault of faults) logFailure(requestId, fault)
    const body = JSON.stringify({ keys: keys.map((key) => key.jwk) })
    // RFC 7517 section 8.5.2. No cache keeps a set that lacks a key: once the setting is mended, every client sees it.
    return publicDocument(body, 'application/jwk-set+json', faults.length === 0 ? CACHE_CONTROL : 'no-store')
  },
})

type Missing = { readonly kind: 'no-next-key' | 'key-id-unknown' }

const MISSING_ERRORS: Record<Missing['kind'], FieldErrors> = {
  'no-next-key': { key: ['No other key comes next.'] },
  'key-id-unknown': { key_id: ['No key is published under this key_id.'] },
}

/**
 * The public key of a product's answers, or the global one without `product_id`, as PEM (RFC 7468); with `key=next` the
 * one that will sign after it, with `key_id` any that is published.
 */
export const publicKey = endpoint({
  method: 'GET',
  path: '/api/v1/public-key',
  summary: 'Get a public key',
  caller: ANYONE,
  browsers: true,
  parameters: () => PARAMETERS,
  outcomes: { 'no-next-key': CODES.incorrectData, 'key-id-unknown': CODES.incorrectData },
  async handle({ env, now, parameters }) {
    const found = await findKey(signingSecrets(env), parameters)
    if ('kind' in found) return done(found, now)
    return publicDocument(`${found.pem.trimEnd()}\n`, 'text/plain; charset=utf-8', CACHE_CONTROL)
  },
  answer: ({ kind }) => ({ fields: { errors: MISSING_ERRORS[kind] } }),
})

/** @throws SettingError where the key cannot be read, or may be among those that cannot */
async function findKey(
  secrets: SigningSecrets,
  { product_id, key, key_id }: z.output<typeof PARAMETERS>,
): Promise<PublicKey | Missing> {
  if (key_id !== undefined) return findById(secrets, key_id)
  if (key !== 'next') return publicKeyFor(secrets, product_id)
  const next = await nextPublicKeyFor(secrets, product_id)
  return next ?? { kind: 'no-next-key' }
}

async function findById(secrets: SigningSecrets, keyId: string): Promise<PublicKey | Missing> {
  const { keys, faults } = await publishedKeys(secrets)
  const published = keys.find(({ jwk }) => jwk.kid === keyId)
  if (published) return published
  const [fault] = faults
  if (fault) throw fault
  return { kind: 'key-id-unknown' }
}

function publicDocument(body: string, contentType: string, cacheControl: string): Response {
  return new Response(body, { headers: { 'Content-Type': contentType, 'Cache-Control': cacheControl } })
}
