/** The values of the statements of import-chunk.ts: the rows of a chunk as three JSON parameters. */
import { isDevelopmentDomain, shortestDomain } from '../../keys/devices/domains.ts'
import type { ImportFormat } from './formats/index.ts'
import { isIssued, type PreparedLicense, type PreparedRows } from './read-rows.ts'

/** The columns of the JSON parameter `licenses`. */
export const COLUMNS = [
  'row',
  'product_id',
  'license_key',
  'status',
  'owner_name',
  'owner_email',
  'activation_limit',
  'validity_days',
  'expires_at',
  'assigned_at',
  'created_at',
  'features',
  'reference',
  'is_issued',
] as const

/** No value that D1 takes may have more bytes. */
const PARAMETER_BYTES_MAX = 1_900_000

export interface ChunkName {
  readonly importId: string
  readonly chunk: number
  readonly format: ImportFormat
}

/** @returns the values of the placeholders, or undefined if a parameter would be too long */
export function chunkValues(
  { importId, chunk, format }: ChunkName,
  { licenses, decided }: PreparedRows,
): Record<string, unknown> | undefined {
  const lists = {
    licenses: JSON.stringify(licenses.map(columnsOf)),
    devices: JSON.stringify(licenses.flatMap(devicesOf)),
    metadata: JSON.stringify(licenses.flatMap(metadataOf)),
  }
  const encoder = new TextEncoder()
  const isTooLong = Object.values(lists).some((text) => encoder.encode(text).byteLength > PARAMETER_BYTES_MAX)
  if (isTooLong) return undefined
  const count = (kind: string) => [...decided.values()].filter((row) => row.kind === kind).length
  return {
    ...lists,
    importId,
    // As text, because D1 binds numbers as REAL.
    chunk: String(chunk),
    format,
    rowCount: licenses.length + decided.size,
    licenseCount: licenses.length,
    duplicateCount: count('duplicate'),
    skippedCount: count('skipped'),
    refusedCount: count('refused'),
  }
}

/** The values of `COLUMNS`. */
function columnsOf(license: PreparedLicense) {
  const { row, productId, licenseKey, status, ownerName, ownerEmail, activationLimit, validityDays } = license
  const { expiresAt, assignedAt, createdAt, features, reference } = license
  const terms = [activationLimit, validityDays, expiresAt, assignedAt, createdAt]
  const list = features === null ? null : JSON.stringify(features)
  return [
    row,
    productId,
    licenseKey,
    status,
    ownerName,
    ownerEmail,
    ...terms,
    list,
    reference,
    isIssued(license) ? 1 : 0,
  ]
}

/** [license key, device as sent, its shortest domain, whether that is a development domain, instant] */
function devicesOf({ licenseKey, activations }: PreparedLicense) {
  return activations.map(({ identifier, createdAt }) => {
    const domain = shortestDomain(identifier)
    return [licenseKey, identifier, domain, isDevelopmentDomain(domain) ? 1 : 0, createdAt]
  })
}

/** [license key, name, value] */
function metadataOf({ licenseKey, metadata }: PreparedLicense) {
  return Object.entries(metadata).map(([name, value]) => [licenseKey, name, value])
}
