/** Makes license files with Node's crypto, by the rules of the format. The client reads them with Web Crypto. */
import {
  createCipheriv,
  createHash,
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto'

/** The time of all tests. */
export const START = Date.parse('2026-11-24T08:30:00.000Z')
export const DAY_MS = 86_400_000
export const HOUR_MS = 3_600_000

export interface SigningKeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

export const ed25519Pair: SigningKeyPair = generateKeyPairSync('ed25519')
export const rsaPair: SigningKeyPair = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** As published: 64 hex digits. */
export function hexOfEd25519({ publicKey }: SigningKeyPair): string {
  return publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex')
}

export function pemOf({ publicKey }: SigningKeyPair): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString()
}

export interface FileFacts {
  readonly kind?: 'machine' | 'license'
  readonly licenseKey?: string
  readonly identifier?: string
  readonly productId?: number
  readonly issued: number
  readonly expiry: number
  readonly features?: readonly string[]
  /** ISO 8601, null: the license has no end. */
  readonly licenseEnd?: string | null
  readonly encrypt?: boolean
  readonly algorithm?: 'ed25519' | 'rsa-sha256'
  readonly pair?: SigningKeyPair
  readonly kid?: string
}

export const LICENSE_KEY = 'DEMO-7K2MX-9QWER'
export const DEVICE = 'device-1/ä'

export function makeFile(facts: FileFacts): string {
  const { kind = 'machine', algorithm = 'ed25519', encrypt = true, kid = 'any' } = facts
  const payload = JSON.stringify(payloadOf(facts))
  const enc = encrypt ? encrypted(payload, secretOf(facts)) : Buffer.from(payload).toString('base64')
  const pair = facts.pair ?? (algorithm === 'ed25519' ? ed25519Pair : rsaPair)
  const signed = Buffer.from(`${kind}/${enc}`)
  const sig = sign(algorithm === 'ed25519' ? null : 'sha256', signed, pair.privateKey).toString('base64')
  return certificate(kind, { enc, sig, alg: `${encrypt ? 'aes-256-gcm' : 'base64'}+${algorithm}`, kid })
}

export function certificate(kind: 'machine' | 'license', members: Readonly<Record<string, unknown>>): string {
  const base64 = Buffer.from(JSON.stringify(members)).toString('base64')
  const name = `${kind.toUpperCase()} FILE`
  const lines = (base64.match(/.{1,60}/g) ?? []).join('\n')
  return `-----BEGIN ${name}-----\n${lines}\n-----END ${name}-----\n`
}

/** The members of the certificate of a file. */
export function certificateOf(file: string): Record<string, string> {
  const [, ...lines] = file.trim().split('\n')
  return JSON.parse(Buffer.from(lines.slice(0, -1).join(''), 'base64').toString())
}

function secretOf({ kind, licenseKey = LICENSE_KEY, identifier = DEVICE }: FileFacts): string {
  return kind === 'license' ? licenseKey : licenseKey + identifier
}

function encrypted(payload: string, secret: string): string {
  const key = createHash('sha256').update(secret).digest()
  const iv = createHmac('sha256', key).update(payload).digest().subarray(0, 12)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  const ciphertext = Buffer.concat([cipher.update(payload), cipher.final()])
  return [ciphertext, iv, cipher.getAuthTag()].map((part) => part.toString('base64')).join('.')
}

function payloadOf(facts: FileFacts): unknown {
  const { kind, licenseKey = LICENSE_KEY, identifier = DEVICE, productId = 1, issued, expiry } = facts
  const { features = ['pro'], licenseEnd = null } = facts
  const times = { created: '2026-01-01T00:00:00.000Z', updated: '2026-01-01T00:00:00.000Z', metadata: {} }
  const meta = { issued: iso(issued), expiry: iso(expiry), ttl: Math.floor((expiry - issued) / 1000) }
  const product = { data: { type: 'products', id: String(productId) } }
  const license = {
    type: 'licenses',
    id: '7',
    attributes: {
      name: 'App',
      key: licenseKey,
      expiry: licenseEnd,
      scheme: null,
      requireHeartbeat: false,
      ...times,
    },
    relationships: { policy: { data: { type: 'policies', id: String(productId) } }, product },
  }
  const entitlements = features.map((code) => ({
    type: 'entitlements',
    id: code,
    attributes: { code, name: code, ...times },
  }))
  if (kind === 'license') return { meta, data: license, included: entitlements }
  const machine = {
    type: 'machines',
    id: '9',
    attributes: { fingerprint: identifier, ...times },
    relationships: { license: { data: { type: 'licenses', id: '7' } } },
  }
  return { meta, data: machine, included: [license, ...entitlements] }
}

function iso(instant: number): string {
  return new Date(instant).toISOString()
}
