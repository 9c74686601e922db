/**
 * What is noted of one request while it is served, for its log line and its data point. It is handed on with the
 * request and to nobody else, so two requests in one isolate never mix.
 *
 * It may be read by whoever operates the service: no license key, e-mail address, name, token or signature ever
 * goes into it, nor the path as it was sent, which may hold any of them.
 */

import type { Meter } from '../db/metered.ts'
import type { Outcome } from '../db/schema/index.ts'
import type { Answer } from '../protocol/endpoint.ts'

export interface RequestRecord extends Meter {
  readonly requestId: string
  /** When the request came in, in milliseconds UTC. */
  readonly receivedAt: number
  /** `other` where the protocol has no use for it: whoever asks may write anything. */
  readonly method: string
  /** The path that the endpoint is registered under; null where there is none. */
  endpoint: string | null
  /** The answer's code; null where what was answered is no envelope. */
  code: number | string | null
  /** The id of the product that is asked for, or whose key it is. */
  product: number | null
  /** How many license keys were asked for. */
  quantity: number | null
  /** How many license keys the answer holds. */
  keys: number
  /** What became of a payment provider's event; null where it is another request. */
  outcome: Outcome | null
}

const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'PATCH', 'DELETE']

/** @param now milliseconds UTC */
export function newRecord(method: string, now: number): RequestRecord {
  return {
    requestId: crypto.randomUUID(),
    receivedAt: now,
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
  }
}

/** Notes what is answered. */
export function noteAnswer(record: RequestRecord, { code, fields, product }: Answer): void {
  record.code = code.code
  record.product ??= product ?? null
  // The names that the protocol gives to lists of license keys.
  const told = fields?.license_keys ?? fields?.licenseKeys
  record.keys = Array.isArray(told) ? told.length : 0
}

/** Notes what was asked for, from parameters that were checked. */
export function noteParameters(record: RequestRecord, parameters: Readonly<Record<string, unknown>>): void {
  const { product_id: product, quantity, license_keys: given } = parameters
  if (typeof product === 'number') record.product = product
  if (typeof quantity === 'number') record.quantity = quantity
  if (Array.isArray(given)) record.quantity = given.length
}
