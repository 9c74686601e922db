/** The keys that verify the signatures of responses and of license files. */
import * as z from 'zod/mini'
import { ANYONE, done } from '../callers/caller.ts'
import { endpoint } from '../http/endpoint.ts'
import { logFailure } from '../platform/log.ts'
import { CODES } from '../protocol/codes.ts'
import { choice, type FieldErrors, optional, productId } from '../protocol/fields.ts'
import { fileSigningSecrets, publishedFileKeys } from '../signing/file-keys.ts'
import type { PublicKey } from '../signing/keys.ts'
import {
  nextPublicKeyFor,
  type PublishedKeys,
  publicKeyFor,
  publishedKeys,
} from '../signing/published-keys.ts'
import { type SigningSecrets, signingSecrets } from '../signing/signing-keys.ts'

/** Five minutes, so that clients soon get a new key. */
const CACHE_CONTROL = 'public, max-age=300'

/** A SHA-256 in base64url (RFC 7638 section 3). */
const KEY_ID = /^[A-Za-z0-9_-]{43}$/

const PARAMETERS = z.object({
  product_id: optional(productId),
  key: optional(choice('key', ['current', 'next'])).check(
    z.meta({
      description:
        'Whether to return the key that signs now, or the one that will sign next. The default is current',
    }),
  ),
  key_id: optional(
    z
      .string()
      .check(
        z.regex(KEY_ID, { error: 'The key_id field must be a key id from the X-Signing-Key-Id header.' }),
      ),
  ).check(
    z.meta({
      description:
        'The id of a published key from the X-Signing-Key-Id header. If sent, product_id and key are ignored',
    }),
  ),
})

/** All public keys that verify responses, as a JWK Set (RFC 7517 section 5). */
export const jwks = endpoint({
  method: 'GET',
  path: '/.well-known/jwks.json',
  summary: 'Get all public keys',
  caller: ANYONE,
  cors: true,
  outcomes: {},
  async handle({ env, requestId }) {
    return keySet(await publishedKeys(signingSecrets(env)), requestId, ({ jwk }) => jwk)
  },
})

/** All public keys that verify license files, also in the forms that verifiers without JWK take. */
export const licenseFileKeys = endpoint({
  method: 'GET',
  path: '/.well-known/license-file-keys.json',
  summary: 'Get the public keys of license files',
  caller: ANYONE,
  cors: true,
  outcomes: {},
  async handle({ env, requestId }) {
    return keySet(await publishedFileKeys(fileSigningSecrets(env)), requestId, fileKeyMembers)
  },
})

function fileKeyMembers(key: PublicKey): object {
  const { jwk } = key
  // RFC 8037 section 2: `x` is the public key itself.
  const hex = jwk.kty === 'OKP' && Uint8Array.fromBase64(String(jwk.x), { alphabet: 'base64url' }).toHex()
  return { ...jwk, ...(hex && { hex }), pem: pemText(key) }
}

function keySet(
  { keys, faults }: PublishedKeys,
  requestId: string,
  membersOf: (key: PublicKey) => object,
): Response {
  for (const fault of faults) logFailure(requestId, fault)
  const body = JSON.stringify({ keys: keys.map(membersOf) })
  // RFC 7517 section 8.5.2. An incomplete set is not cached, so that clients soon get the missing key.
  return publicDocument(body, 'application/jwk-set+json', faults.length === 0 ? CACHE_CONTROL : 'no-store')
}

type Missing = { readonly kind: 'no-next-key' | 'key-id-unknown' }

const MISSING_ERRORS: Record<Missing['kind'], FieldErrors> = {
  'no-next-key': { key: ['No next key is configured.'] },
  'key-id-unknown': { key_id: ['No published key has this id.'] },
}

/**
 * The public key of a product, or the global one without `product_id`, as PEM (RFC 7468). `key=next` selects
 * the next signing key, and `key_id` any published key.
 */
export const publicKey = endpoint({
  method: 'GET',
  path: '/api/v1/public-key',
  summary: 'Get a public key',
  caller: ANYONE,
  cors: true,
  parameters: () => PARAMETERS,
  outcomes: { 'no-next-key': CODES.incorrectData, 'key-id-unknown': CODES.incorrectData },
  async handle({ env, now, parameters }) {
    const found = await findKey(signingSecrets(env), parameters)
    if ('kind' in found) return done(found, now)
    return publicDocument(pemText(found), 'text/plain; charset=utf-8', CACHE_CONTROL)
  },
  answer: ({ kind }) => ({ fields: { errors: MISSING_ERRORS[kind] } }),
})

/** @throws SettingError if the key is invalid, or may be among invalid keys */
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

function pemText({ pem }: PublicKey): string {
  return `${pem.trimEnd()}\n`
}

function publicDocument(body: string, contentType: string, cacheControl: string): Response {
  return new Response(body, { headers: { 'Content-Type': contentType, 'Cache-Control': cacheControl } })
}
