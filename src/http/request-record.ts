/**
 * The facts about one request, for its log line and its data point. They never include a license key, e-mail address, name,
 * token or signature, nor the path as sent, which may contain one of these.
 */
import type { Meter } from '../db/metering.ts'
import { logRequest } from '../platform/log.ts'
import type { Answer } from './endpoint.ts'

export interface RequestRecord extends Meter {
  readonly requestId: string
  /** Milliseconds UTC. */
  readonly receivedAt: number
  /** `other` for a method outside of METHODS, since a client may send any text. */
  readonly method: string
  /** The path of the endpoint as registered; null if the path is unknown. */
  endpoint: string | null
  /** The code of a problem for the admin API. null if the response has no code. */
  code: number | string | null
  apiKeyId: number | null
  contractId: number | null
  operatorId: number | null
  /** The id of the requested product, or of the license key's product. */
  product: number | null
  /** The number of license keys requested. */
  quantity: number | null
  /** The number of license keys in the response. */
  keys: number
  /** The result of a payment provider's event; null for other requests. */
  outcome: string | null
}

const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'PATCH', 'DELETE']

/** @param now milliseconds UTC */
export function newRecord(method: string, now: number): RequestRecord {
  return {
    requestId: crypto.randomUUID(),
    method: METHODS.includes(method) ? method : 'other',
    endpoint: null,
    code: null,
    apiKeyId: null,
    contractId: null,
    operatorId: null,
    product: null,
    quantity: null,
    keys: 0,
    outcome: null,
    roundTrips: 0,
    rowsRead: 0,
    rowsWritten: 0,
    receivedAt: now,
  }
}

export function recordAnswer(record: RequestRecord, { code, fields, log }: Answer): void {
  record.code = code.code
  record.product ??= log?.product ?? null
  record.apiKeyId = log?.apiKeyId ?? null
  record.contractId = log?.contractId ?? null
  record.outcome = log?.outcome ?? null
  // The protocol has two names for a list of license keys.
  const keys = fields?.license_keys ?? fields?.licenseKeys
  record.keys = Array.isArray(keys) ? keys.length : 0
}

/** @param parameters validated ones */
export function recordParameters(record: RequestRecord, parameters: Readonly<Record<string, unknown>>): void {
  const { product_id: product, quantity, license_keys: licenseKeys } = parameters
  if (typeof product === 'number') record.product = product
  if (typeof quantity === 'number') record.quantity = quantity
  if (Array.isArray(licenseKeys)) record.quantity = licenseKeys.length
}

/**
 * Writes the log line, and a data point of Workers Analytics Engine if it is bound.
 *
 * @param status of HTTP
 */
export function logRecord(
  record: RequestRecord,
  status: number,
  durationMs: number,
  metrics: AnalyticsEngineDataset | undefined,
): void {
  const { receivedAt: _, ...logged } = record
  logRequest({ ...logged, status, durationMs })
  const endpoint = record.endpoint ?? 'none'
  try {
    metrics?.writeDataPoint({
      indexes: [endpoint],
      blobs: [endpoint, record.method, String(record.code ?? '')],
      doubles: [status, durationMs, record.keys, record.roundTrips, record.rowsRead, record.rowsWritten],
    })
  } catch {
    // A lost data point must not turn the response into an error.
  }
}
