/** Generates valid and tampered webhooks, to compare signature checks with other libraries. */
import * as fc from 'fast-check'

/** The changes to a valid delivery. `late` is within the tolerance, `old` and `future` are outside. */
export const TAMPERS = [
  'none',
  'body',
  'secret',
  'signature',
  'time',
  'old',
  'late',
  'future',
  'junk first',
  'junk last',
  'scheme',
  'letter case',
  'no time',
  'no signature',
  'random header',
] as const
export type Tamper = (typeof TAMPERS)[number]

export interface Plan {
  readonly tamper: Tamper
  readonly secret: string
  readonly body: string
  readonly id: string
  /** The position of the change. */
  readonly at: number
  readonly junk: string
}

export interface Delivery {
  readonly secret: string
  readonly headers: Record<string, string>
  readonly body: string
}

const OLD_SECONDS = 1_000
const LATE_SECONDS = 60

/** Any text except the empty one: all of Unicode, all line endings, a byte order mark. */
const bodyBytes = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }),
  fc.json(),
  fc.constantFrom(
    '{}',
    '\ufeff{}',
    '\r\n',
    '\u0000',
    '{"type":"order.paid"}',
    '\u{1f600}',
    'x'.repeat(50_000),
  ),
)

const printable = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code))

/** Secrets whose text is the key. */
export const textSecret = fc.oneof(
  fc.string({ unit: printable, minLength: 1, maxLength: 60 }),
  fc.string({ unit: printable, minLength: 1, maxLength: 40 }).map((text) => `whsec_${text}`),
)

/** Secrets of Standard Webhooks, some without padding or prefix. */
export const encodedSecret = fc
  .tuple(fc.uint8Array({ minLength: 3, maxLength: 100 }), fc.boolean(), fc.boolean())
  .map(([bytes, isPadded, isPrefixed]) => {
    const encoded = btoa(String.fromCharCode(...bytes))
    // Without padding the library appends zeros, which do not change the HMAC of keys below 64 bytes.
    const isPaddingKept = isPadded || bytes.length > 60
    return (isPrefixed ? 'whsec_' : '') + (isPaddingKept ? encoded : encoded.replace(/=+$/, ''))
  })

export function planOf(secret: fc.Arbitrary<string>): fc.Arbitrary<Plan> {
  return fc.record({
    tamper: fc.oneof(fc.constantFrom(...TAMPERS), fc.constant<Tamper>('none')),
    secret,
    body: bodyBytes,
    id: fc.string({ unit: printable, minLength: 1, maxLength: 40 }),
    at: fc.nat(),
    junk: fc.string({ unit: printable, maxLength: 80 }),
  })
}

export function timeOf({ tamper }: Plan, nowSeconds: number): number {
  const shift: Partial<Record<Tamper, number>> = {
    old: -OLD_SECONDS,
    late: -LATE_SECONDS,
    future: OLD_SECONDS,
  }
  return nowSeconds + (shift[tamper] ?? 0)
}

/** The receiver's body and secret. One of them may differ from the sender's. */
export function received({ tamper, body, secret, at }: Plan): { body: string; secret: string } {
  return {
    body: tamper === 'body' ? corrupt(body, at) : body,
    secret: tamper === 'secret' ? otherSecret(secret) : secret,
  }
}

/** Changes the first character, which no decoder ignores. */
function otherSecret(secret: string): string {
  const prefix = secret.startsWith('whsec_') ? 'whsec_' : ''
  const rest = secret.slice(prefix.length)
  return prefix + (rest.startsWith('A') ? 'B' : 'A') + rest.slice(1)
}

/** Changes exactly one code point. */
export function corrupt(text: string, at: number): string {
  const characters = [...text]
  const index = at % characters.length
  characters[index] = characters[index] === '0' ? '1' : '0'
  return characters.join('')
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export async function hmac(key: Uint8Array, text: string): Promise<Uint8Array> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const imported = await crypto.subtle.importKey('raw', new Uint8Array(key), algorithm, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign(algorithm, imported, new TextEncoder().encode(text)))
}

/** A header like `t=1700000000,v1=<hex>`, tampered as planned. */
export function timedHeader(
  plan: Plan,
  time: number,
  hex: string,
  separator: string,
  names: { readonly timestamp: string; readonly signature: string },
): string {
  const timestamp = `${names.timestamp}=${plan.tamper === 'time' ? time + 1 : time}`
  const junk = `${names.signature}=${plan.junk.replaceAll(separator, '')}`
  const valid = `${names.signature}=${hex}`
  const tampered: Partial<Record<Tamper, string[]>> = {
    signature: [timestamp, `${names.signature}=${corrupt(hex, plan.at)}`],
    'junk first': [timestamp, junk, valid],
    'junk last': [timestamp, valid, junk],
    scheme: [timestamp, `v0=${hex}`],
    'letter case': [timestamp, `${names.signature}=${hex.toUpperCase()}`],
    'no time': [valid],
    'no signature': [timestamp],
    'random header': [plan.junk],
  }
  return (tampered[plan.tamper] ?? [timestamp, valid]).join(separator)
}

/** The headers of Standard Webhooks, tampered as planned. */
export function standardHeaders(plan: Plan, time: number, base64: string): Record<string, string> {
  const { tamper, id, junk, at } = plan
  const valid = `v1,${base64}`
  const invalid = `v1,${junk.replaceAll(' ', '')}`
  const signatures: Partial<Record<Tamper, string>> = {
    signature: `v1,${corrupt(base64, at % 40)}`,
    'junk first': `v1a,x ${invalid} ${valid}`,
    'junk last': `${valid} ${invalid}`,
    scheme: `v2,${base64}`,
    'letter case': `V1,${base64}`,
    'random header': junk,
  }
  const headers: Record<string, string> = { 'webhook-id': id }
  if (tamper !== 'no time') headers['webhook-timestamp'] = String(tamper === 'time' ? time + 1 : time)
  if (tamper !== 'no signature') headers['webhook-signature'] = signatures[tamper] ?? valid
  return headers
}
