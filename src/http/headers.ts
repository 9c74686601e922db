/**
 * Headers of every answer, whatever it says: what a browser may do with it, which is next to nothing. Answers are data
 * for programs; the few that a program in a browser may read say so (CORS, Fetch standard section 3.2).
 */

export const REQUEST_ID = 'X-Request-Id'
/** The `kid` of the key that signed; absent where nothing is signed. */
export const SIGNING_KEY_ID = 'X-Signing-Key-Id'

const SECURITY = {
  // It is what its type says, and nothing that a browser might guess from its bytes.
  'X-Content-Type-Options': 'nosniff',
  // RFC 6797. A browser heeds it over https only, so it does no harm to a local service.
  'Strict-Transport-Security': 'max-age=31536000',
  'Referrer-Policy': 'no-referrer',
  // Shown as a page, or in a frame of one, it may load and run nothing.
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
} as const

const NOT_FOR_BROWSERS = { ...SECURITY, 'Cross-Origin-Resource-Policy': 'same-origin' } as const

/** No credentials: nothing here goes by cookies, and a page has only what its own script was given. */
const FOR_BROWSERS = {
  ...SECURITY,
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'ETag, Idempotent-Replayed, Retry-After, X-Request-Id, X-Signing-Key-Id',
} as const

/** Names of all of them, for answers to conditional requests, which keep no header that is not named. */
export const STANDING_HEADERS: readonly string[] = Object.keys(FOR_BROWSERS)

/** @param isForBrowsers whether programs in browsers may read the answer */
export function standingHeaders(isForBrowsers: boolean): Readonly<Record<string, string>> {
  return isForBrowsers ? FOR_BROWSERS : NOT_FOR_BROWSERS
}

/** A day: browsers keep it for less if they like. */
const PREFLIGHT_SECONDS = 86_400

/** The headers of an answer to a browser that asks whether a script may send what it wants to send. */
export function preflightHeaders(methods: string): Readonly<Record<string, string>> {
  return {
    ...FOR_BROWSERS,
    Allow: methods,
    'Access-Control-Allow-Methods': methods,
    'Access-Control-Allow-Headers': 'Authorization, Content-Type, Idempotency-Key, If-None-Match',
    'Access-Control-Max-Age': String(PREFLIGHT_SECONDS),
    'Cache-Control': 'no-store',
  }
}
