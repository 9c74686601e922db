/**
 * What is noted of one request while it is served, for its log line and its data point. The record goes with the
 * request, so two requests in one isolate never mix.
 *
 * The operator reads it: it never holds a license key, e-mail address, name, token or signature, nor the path as it was
 * sent, which may contain any of them.
 */
import type { Meter } from '../db/metering.ts'
import { logRequest } from '../platform/log.ts'
import type { Answer } from './endpoint.ts'

export interface RequestRecord extends Meter {
  readonly requestId: string
  /** When the request came in, in milliseconds UTC. */
  readonly receivedAt: number
  /** `other` for a method that HTTP does not define: a client may send any text. */
  readonly method: string
  /** The path that the endpoint is registered under; null where there is none. */
  endpoint: string | null
  /** The answer's code; null where the answer is no envelope. */
  code: number | string | null
  apiKeyId: number | null
  contractId: number | null
  /** The id of the product that is asked for, or that the key belongs to. */
  product: number | null
  /** How many license keys were asked for. */
  quantity: number | null
  /** How many license keys the answer holds. */
  keys: number
  /** What became of a payment provider's event; null for any other request. */
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

/** Notes what is answered. */
export function noteAnswer(record: RequestRecord, { code, fields, log }: Answer): void {
  record.code = code.code
  record.product ??= log?.product ?? null
  record.apiKeyId = log?.apiKeyId ?? null
  record.contractId = log?.contractId ?? null
  record.outcome = log?.outcome ?? null
  // The names that the protocol gives to lists of license keys.
  const keys = fields?.license_keys ?? fields?.licenseKeys
  record.keys = Array.isArray(keys) ? keys.length : 0
}

/** Notes what was asked for. @param parameters checked */
export function noteParameters(record: RequestRecord, parameters: Readonly<Record<string, unknown>>): void {
  const { product_id: product, quantity, license_keys: given } = parameters
  if (typeof product === 'number') record.product = product
  if (typeof quantity === 'number') record.quantity = quantity
  if (Array.isArray(given)) record.quantity = given.length
}

/**
 * Reports a request that was answered: a log line, and one data point in Workers Analytics Engine where it is bound.
 * Data points are sampled and may be lost: good for graphs, never for accounts.
 *
 * @param status of HTTP
 */
export function report(
  record: RequestRecord,
  status: number,
  durationMs: number,
  metrics: AnalyticsEngineDataset | undefined,
): void {
  const { receivedAt: _, ...noted } = record
  logRequest({ ...noted, status, durationMs })
  const endpoint = record.endpoint ?? 'none'
  try {
    metrics?.writeDataPoint({
      indexes: [endpoint],
      blobs: [endpoint, record.method, String(record.code ?? '')],
      doubles: [status, durationMs, record.keys, record.roundTrips, record.rowsRead, record.rowsWritten],
    })
  } catch {
    // A request that was served stays served, whether or not it is counted.
  }
}
