/**
 * Who may call an endpoint, and the result of a call.
 *
 * The batch that does the work also authenticates the caller. A caller is therefore a set of SQL values: the
 * credential that it sent and the address that it calls from. The database decides whether they are valid.
 */
import type * as z from 'zod/mini'
import type { RecordUse } from './last-use.ts'

export const CAPABILITIES = ['use', 'assign', 'stock', 'products', 'contracts'] as const
export type Capability = (typeof CAPABILITIES)[number]

/** The values for the placeholders of an authority. */
export type CallerValues = Readonly<Record<string, string | null>>

/** The key that a caller must send. */
export interface Credential {
  /** The rules of the fields that may contain it. */
  readonly fields: z.ZodMiniObject
  /** The log field for the id of the caller's row. */
  readonly logName: 'apiKeyId' | 'contractId'
  /** @returns whether the request contains a key at all */
  readonly isGiven: (headers: Headers, values: Readonly<Record<string, unknown>>) => boolean
  /**
   * @param fields checked
   * @returns the values for the placeholders that find the caller's row
   */
  readonly values: (headers: Headers, fields: Readonly<Record<string, unknown>>) => Promise<CallerValues>
  /** The rate-limit key of the caller. Without it, only the address is limited. */
  readonly limitKey?: (values: CallerValues) => string
  /**
   * Asks the database only whether the caller may call, before a long body is parsed. Kinds of callers without it cannot
   * send long bodies.
   */
  readonly ask?: (call: Pick<OperationCall, 'db' | 'caller' | 'now'>) => Promise<Result<null>>
  /** Records that the caller called, after the answer. */
  readonly recordUse?: RecordUse
}

export interface Caller {
  /** An API key's capability, or another kind of caller. The OpenAPI description groups endpoints by it. */
  readonly access: Capability | 'contract-holder' | 'provider' | 'public' | 'monitor'
  /** Omitted: no key is required. */
  readonly credential?: Credential
  /** Whether the caller retries after a 503. Then every internal failure gets status 503. */
  readonly retriesOn503?: true
}

/** A person who has a license key and no API key. The limits of software apply. */
export const LICENSE_HOLDER: Caller = { access: 'use' }

export const ANYONE: Caller = { access: 'public' }

export const MONITOR: Caller = { access: 'monitor', retriesOn503: true }

/** A payment provider, authenticated by a signature over the body. */
export const PROVIDER: Caller = { access: 'provider', retriesOn503: true }

export interface OperationCall {
  /** The primary. */
  readonly db: D1Database
  readonly caller: CallerValues
  /** 1 to 255 visible ASCII characters, chosen by the caller. undefined: the request cannot be replayed. */
  readonly idempotencyKey: string | undefined
  /** Checked. Different parameters under the same idempotency key are refused. */
  readonly parameters: unknown
  /** Milliseconds UTC. */
  readonly now: number
}

/** Why a call is refused, regardless of the endpoint, in the order of the checks. */
export type Refusal =
  | 'access-denied'
  | 'api-key-unknown'
  | 'api-key-inactive'
  | 'capability-missing'
  | 'address-not-allowed'
  /** The API key is for other products. */
  | 'product-of-others'
  | 'license-key-of-others'
  | 'contract-not-found'
  | 'permission-missing'
  | 'idempotency-key-reused'
  | 'turned-off'
  | 'too-many-requests'
  | 'license-key-unknown'
  | OperatorRefusal

/** Why a request to the admin API is refused. */
export type OperatorRefusal = 'token-invalid' | 'role-missing'

/** The result of a call. Expected outcomes are values, not exceptions. */
export type Result<Outcome> = Done<Outcome> | Refused

export interface Done<Outcome> {
  readonly kind: 'done'
  readonly outcome: Outcome
  /** When the request was first processed, in milliseconds UTC. */
  readonly doneAt: number
  readonly isReplay: boolean
  /** The id of the caller's row, or null if it has none. */
  readonly callerId: number | null
  /** The role of an operator. */
  readonly callerRole?: string | null
}

export interface Refused {
  readonly kind: 'refused'
  readonly reason: Refusal
  /** null if the caller is unknown. */
  readonly callerId: number | null
  /** undefined: trying again later does not help. */
  readonly retryAfterSeconds?: number | undefined
}

export function done<Outcome>(
  outcome: Outcome,
  doneAt: number,
  callerId: number | null = null,
  isReplay = false,
  callerRole: string | null = null,
): Done<Outcome> {
  return { kind: 'done', outcome, doneAt, isReplay, callerId, callerRole }
}

/** @param reason as returned by the database */
export function refused(reason: string, callerId: number | null, retryAfterSeconds?: number): Refused {
  return { kind: 'refused', reason: reason as Refusal, callerId, retryAfterSeconds }
}
