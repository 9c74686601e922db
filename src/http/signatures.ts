/**
 * Verifies the signatures of webhooks that others send: payment providers, and the e-mail service.
 *
 * Guarantees: it verifies the raw bytes of the body, compares in constant time, and rejects a signed time
 * more than five minutes in the past or future. Malformed headers never make it throw. Each key makes one HMAC,
 * however many signatures an unsigned request has.
 */
/** HMAC-SHA-256 over a prefix and the raw bytes of the body. */
export interface SignatureScheme {
  /** The possible HMAC keys of a secret; none if it cannot be a secret of this provider. */
  readonly keys: (secret: string) => Uint8Array[]
  /** The signatures in the headers, or undefined if there is nothing to verify. */
  readonly parseHeaders: (headers: Headers) => ParsedHeaders | undefined
}

export interface ParsedHeaders {
  readonly prefix: string
  /** Unix seconds; undefined if the provider signs none. */
  readonly timestamp: number | undefined
  /** One valid signature is enough. */
  readonly signatures: readonly Uint8Array[]
  /** The possible keys of a secret for these headers, if they are not those of the scheme. */
  readonly keys?: (secret: string) => Uint8Array[]
}

/** HMAC (RFC 2104) with SHA-256. The input never selects the algorithm. */
const ALGORITHM = { name: 'HMAC', hash: 'SHA-256' }
/** As in Stripe and Standard Webhooks. Paddle's 5 seconds would reject events if a clock is a little off. */
export const TOLERANCE_SECONDS = 300
/** No provider sends more. */
const SIGNATURES_MAX = 20
const STANDARD_SECRET_PREFIX = 'whsec_'
/** A shorter secret could be guessed. Providers generate longer ones. */
export const SECRET_CHARACTERS_MIN = 16

/**
 * @param secrets during a rotation, any of them can have signed
 * @param body as received, before anything decodes it
 * @param nowSeconds Unix time
 */
export async function verifySignature(
  scheme: SignatureScheme,
  secrets: readonly string[],
  headers: Headers,
  body: Uint8Array,
  nowSeconds: number,
): Promise<boolean> {
  const parsed = scheme.parseHeaders(headers)
  if (parsed === undefined || !isTimely(parsed.timestamp, nowSeconds)) return false
  const signed = signedBytes(parsed.prefix, body)
  for (const bytes of secrets.flatMap(parsed.keys ?? scheme.keys)) {
    const key = await crypto.subtle.importKey('raw', bytes, ALGORITHM, false, ['sign'])
    const digest = await crypto.subtle.sign(ALGORITHM, key, signed)
    if (parsed.signatures.some((signature) => crypto.subtle.timingSafeEqual(digest, signature))) return true
  }
  return false
}

/** Whether a secret is too short or has the wrong format. Then the setting is wrong, not the webhook. */
export function hasUnusableSecret(scheme: SignatureScheme, secrets: readonly string[]): boolean {
  return secrets.some((secret) => secret.length < SECRET_CHARACTERS_MIN || scheme.keys(secret).length === 0)
}

function isTimely(timestamp: number | undefined, nowSeconds: number): boolean {
  return timestamp === undefined || Math.abs(nowSeconds - timestamp) <= TOLERANCE_SECONDS
}

function signedBytes(prefix: string, body: Uint8Array): Uint8Array {
  const prefixBytes = new TextEncoder().encode(prefix)
  const bytes = new Uint8Array(prefixBytes.length + body.length)
  bytes.set(prefixBytes)
  bytes.set(body, prefixBytes.length)
  return bytes
}

/** The characters of the secret as the key. A blank secret has none. */
export function textKeys(secret: string): Uint8Array[] {
  return secret.trim() === '' ? [] : [new TextEncoder().encode(secret)]
}

/**
 * The key that a Standard Webhooks secret encodes, with or without the prefix `whsec_`. Padding is optional,
 * because Polar creates secrets of 43 characters.
 */
export function standardKeys(secret: string): Uint8Array[] {
  const encoded = secret.startsWith(STANDARD_SECRET_PREFIX)
    ? secret.slice(STANDARD_SECRET_PREFIX.length)
    : secret
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(encoded)
  try {
    return isBase64 ? [Uint8Array.fromBase64(encoded)] : []
  } catch {
    return []
  }
}

/**
 * Parses the three headers of Standard Webhooks. `webhook-signature` is a list separated by spaces. Only
 * version `v1` is a signature with a shared secret.
 *
 * @param prefix of the names: `webhook`, or `svix` for senders that use Svix
 */
export function parseStandardHeaders(headers: Headers, prefix = 'webhook'): ParsedHeaders | undefined {
  const id = headers.get(`${prefix}-id`)
  const timestamp = headers.get(`${prefix}-timestamp`) ?? ''
  if (!id || !isTimestamp(timestamp)) return undefined
  const texts = (headers.get(`${prefix}-signature`) ?? '').split(' ').flatMap((item) => {
    const [version, text] = item.split(',')
    return version === 'v1' && text !== undefined ? [text] : []
  })
  return parsedHeaders(`${id}.${timestamp}.`, Number(timestamp), texts.map(base64Digest))
}

/**
 * Parses a header like `t=1700000000,v1=<hex>,v1=<hex>`. The last time applies, and any signature may match.
 *
 * @param separator between the parts
 * @param names of the parts with the time and with a signature
 * @param delimiter between the time and the body in the signed text
 */
export function parseTimedHeader(
  header: string | null,
  separator: string,
  names: { readonly timestamp: string; readonly signature: string },
  delimiter: string,
): ParsedHeaders | undefined {
  const parts = (header ?? '').split(separator).map((part) => part.split('='))
  const valuesOf = (name: string) => parts.filter((part) => part[0] === name).map((part) => part[1] ?? '')
  const timestamp = valuesOf(names.timestamp).at(-1) ?? ''
  if (!isTimestamp(timestamp)) return undefined
  return parsedHeaders(
    `${timestamp}${delimiter}`,
    Number(timestamp),
    valuesOf(names.signature).map(hexDigest),
  )
}

/** Parses a header that contains only the signature of the body. */
export function parseUntimedHeader(
  header: string | null,
  encoding: 'hex' | 'base64' = 'hex',
): ParsedHeaders | undefined {
  const digest = encoding === 'hex' ? hexDigest : base64Digest
  return parsedHeaders('', undefined, [digest(header ?? '')])
}

function parsedHeaders(
  prefix: string,
  timestamp: number | undefined,
  digests: readonly (Uint8Array | undefined)[],
): ParsedHeaders | undefined {
  const signatures = digests.filter((digest) => digest !== undefined).slice(0, SIGNATURES_MAX)
  return signatures.length === 0 ? undefined : { prefix, timestamp, signatures }
}

/** The text of the header was signed, so only plain digits are valid. */
function isTimestamp(text: string): boolean {
  return /^\d{1,12}$/.test(text)
}

/** 32 bytes in lowercase hex, as in the providers' own libraries, which compare texts. */
function hexDigest(text: string): Uint8Array | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? Uint8Array.fromHex(text) : undefined
}

/** 32 bytes in padded base64 (RFC 4648 section 4). The unused last two bits must be zero. */
function base64Digest(text: string): Uint8Array | undefined {
  return /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(text) ? Uint8Array.fromBase64(text) : undefined
}
