/**
 * Headers of every response. Responses are data for programs, so a browser may do almost nothing with them.
 * Scripts on web pages may read only the responses with CORS headers (Fetch standard section 3.2).
 */

export const REQUEST_ID = 'X-Request-Id'
/** The `kid` of the key that signed. Absent from unsigned responses. */
export const SIGNING_KEY_ID = 'X-Signing-Key-Id'

const SECURITY_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  // RFC 6797. Browsers ignore it without TLS, so it does not affect a local service.
  'Strict-Transport-Security': 'max-age=31536000',
  'Referrer-Policy': 'no-referrer',
  // If a browser displays the response as a page, the page may not load or run anything, or be framed.
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
} as const

const SAME_ORIGIN_HEADERS = { ...SECURITY_HEADERS, 'Cross-Origin-Resource-Policy': 'same-origin' } as const

/** Without `Access-Control-Allow-Credentials`, since no endpoint uses cookies. */
const CORS_HEADERS = {
  ...SECURITY_HEADERS,
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'ETag, Idempotent-Replayed, Retry-After, X-Request-Id, X-Signing-Key-Id',
} as const

/** The headers that a 304 response must keep. */
export const BASE_HEADER_NAMES: readonly string[] = Object.keys(CORS_HEADERS)

/** @param cors whether scripts on any web page may read the response */
export function baseHeaders(cors: boolean): Readonly<Record<string, string>> {
  return cors ? CORS_HEADERS : SAME_ORIGIN_HEADERS
}

/** How long a caller waits after a 503. */
export const RETRY_AFTER_SECONDS = 2

/** The value of the header `Allow` (RFC 9110 section 10.2.1). Hono answers HEAD with the route of GET. */
export function allowed(methods: readonly string[]): string {
  return methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ')
}

/** A day. Browsers may cache it for less. */
const PREFLIGHT_SECONDS = 86_400

export function preflightHeaders(methods: string): Readonly<Record<string, string>> {
  return {
    ...CORS_HEADERS,
    Allow: methods,
    'Access-Control-Allow-Methods': methods,
    'Access-Control-Allow-Headers': 'Authorization, Content-Type, Idempotency-Key, If-None-Match, X-API-Key',
    'Access-Control-Max-Age': String(PREFLIGHT_SECONDS),
    'Cache-Control': 'no-store',
  }
}
