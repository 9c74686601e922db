/** `GET /.well-known/jwks.json` and `GET /api/v1/public-key`: what a client verifies signatures with. */
import * as z from 'zod'
import { CODES } from '../envelope/codes.ts'
import { allPublicKeys, publicKeyFor } from '../envelope/signing-keys.ts'
import type { Endpoint } from './endpoint.ts'
import { checkFields, productId } from './parameters.ts'
import { queryFields } from './request-body.ts'

/** Five minutes: a client that meets an unknown key has the new one soon. */
const CACHE_CONTROL = 'public, max-age=300'

/** All public keys, as a JWK Set (RFC 7517 section 5). */
export const jwks: Endpoint = {
  method: 'GET',
  path: '/.well-known/jwks.json',
  access: 'public',
  async handle({ settings }) {
    const keys = await allPublicKeys(settings.signingSecrets)
    // RFC 7517 section 8.5.2.
    return cacheable(JSON.stringify({ keys: keys.map((key) => key.jwk) }), 'application/jwk-set+json')
  },
}

/** The public key of a product's answers, or the global one without `product_id`, as PEM (RFC 7468). */
export const publicKey: Endpoint = {
  method: 'GET',
  path: '/api/v1/public-key',
  access: 'public',
  async handle({ request, settings }) {
    const checked = checkFields(z.object({ product_id: productId.optional() }), queryFields(request.url))
    if (checked.kind === 'invalid') return { code: CODES.incorrectData, fields: { errors: checked.errors } }
    const { pem } = await publicKeyFor(settings.signingSecrets, checked.parameters.product_id)
    return cacheable(`${pem.trimEnd()}\n`, 'text/plain; charset=utf-8')
  },
}

function cacheable(body: string, contentType: string): Response {
  return new Response(body, { headers: { 'Content-Type': contentType, 'Cache-Control': CACHE_CONTROL } })
}
