/** What a verified license file says (JSON:API). */
import { membersOf, parseMembers } from './bytes.ts'
import type { FileRules } from './options.ts'

/** Instants are milliseconds since 1970. */
export interface LicenseFile {
  readonly issued: number
  readonly expiry: number
  readonly features: readonly string[]
  /** The end of the license, null if it has none. */
  readonly expiresAt: number | null
}

/** How far behind a clock may be. */
export const CLOCK_TOLERANCE_MS = 86_400_000

/** Whether the clock is set back: the file was issued before the app got it. */
export function isFromTheFuture({ issued }: LicenseFile, now: number): boolean {
  return issued - now > CLOCK_TOLERANCE_MS
}

export type FileFault = 'tampered' | 'wrong-machine' | 'other-product'

export type FileReading = { readonly kind: 'read'; readonly file: LicenseFile } | { readonly kind: FileFault }

/** Whom the file must be for. White space around the two texts is ignored. */
export interface FileHolder {
  readonly licenseKey: string
  readonly identifier: string
}

/** @param payload signed text */
export function contentsOf(
  payload: string,
  kind: 'machine' | 'license',
  { identifier }: FileHolder,
  { productId }: FileRules,
): FileReading {
  const { meta, data, included } = resourcesOf(payload)
  const license = kind === 'license' ? data : included.find(({ type }) => type === 'licenses')
  if (data.type !== `${kind}s` || license === undefined) return { kind: 'tampered' }
  if (kind === 'machine' && data.attributes.fingerprint !== identifier) return { kind: 'wrong-machine' }
  if (license.productId !== String(productId)) return { kind: 'other-product' }
  const file = {
    issued: instantOf(meta.issued),
    expiry: instantOf(meta.expiry),
    features: included
      .filter(({ type }) => type === 'entitlements')
      .map(({ attributes }) => String(attributes.code)),
    expiresAt: license.attributes.expiry === null ? null : instantOf(license.attributes.expiry),
  }
  const isRead = [file.issued, file.expiry, file.expiresAt].every((instant) => !Number.isNaN(instant))
  return isRead ? { kind: 'read', file } : { kind: 'tampered' }
}

interface Resource {
  readonly type: unknown
  readonly attributes: Readonly<Record<string, unknown>>
  readonly productId: unknown
}

function resourcesOf(payload: string) {
  const { meta, data, included } = parseMembers(payload)
  return {
    meta: membersOf(meta),
    data: resourceOf(data),
    included: Array.isArray(included) ? included.map(resourceOf) : [],
  }
}

function resourceOf(value: unknown): Resource {
  const { type, attributes, relationships } = membersOf(value)
  const { product } = membersOf(relationships)
  return { type, attributes: membersOf(attributes), productId: membersOf(membersOf(product).data).id }
}

/** @returns NaN if it is not an ISO 8601 instant */
function instantOf(value: unknown): number {
  return typeof value === 'string' ? Date.parse(value) : Number.NaN
}
