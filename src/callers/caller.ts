/**
 * Who may call an endpoint, and what came of a call.
 *
 * The batch that does the work also authenticates, so a caller is a set of SQL values: which row it claims to be, and
 * from where it calls. Whether that is true, the database decides.
 */
import type * as z from 'zod/mini'

/** One for each group of endpoints. */
export const CAPABILITIES = ['use', 'assign', 'stock', 'products', 'contracts'] as const
export type Capability = (typeof CAPABILITIES)[number]

/** The values of an authority's placeholders. */
export type CallerValues = Readonly<Record<string, string | null>>

/** The key that a caller must send. */
export interface Credential {
  /** The rules of the fields that may carry it. */
  readonly fields: z.ZodMiniObject
  /** What the log calls the id of the caller's row. */
  readonly logName: 'apiKeyId' | 'contractId'
  /** @returns whether the request carries a key at all */
  readonly isGiven: (authorization: string | null, values: Readonly<Record<string, unknown>>) => boolean
  /**
   * @param fields checked
   * @returns the values of the placeholders that find the caller's row
   */
  readonly values: (
    authorization: string | null,
    fields: Readonly<Record<string, unknown>>,
  ) => Promise<CallerValues>
  /** What the caller's requests are counted by, or undefined: they are counted by address alone. */
  readonly limitKey?: (values: CallerValues) => string
}

/** Who may call an endpoint. */
export interface Caller {
  /** A capability of an API key, or another kind of caller; the API's description groups endpoints by it. */
  readonly access: Capability | 'contract-holder' | 'provider' | 'public' | 'monitor'
  /** Left out: no key is asked for. */
  readonly credential?: Credential
  /** Whether the caller tries again on its own, but only after a status that says so: our failures are then 503. */
  readonly retriesOn503?: true
}

/** Anyone. */
export const ANYONE: Caller = { access: 'public' }

/** A program that watches the service. */
export const MONITOR: Caller = { access: 'monitor', retriesOn503: true }

/** A payment provider, which proves itself by a signature over the body. */
export const PROVIDER: Caller = { access: 'provider', retriesOn503: true }

/** Who asks for what, and when. */
export interface OperationCall {
  /** The primary. */
  readonly db: D1Database
  readonly caller: CallerValues
  /** 1 to 255 visible ASCII characters, the caller's own; undefined: the change is asked for once. */
  readonly idempotencyKey: string | undefined
  /** What is asked for, as it was checked. Other parameters under the same idempotency key are refused. */
  readonly parameters: unknown
  /** Milliseconds UTC. */
  readonly now: number
}

/** Why a call is refused, whatever it asks for, in the order of the checks. */
export type Refusal =
  | 'access-denied'
  | 'api-key-unknown'
  | 'api-key-inactive'
  | 'capability-missing'
  | 'address-not-allowed'
  | 'contract-not-found'
  | 'permission-missing'
  | 'idempotency-key-reused'

/** What came of a call. Expected outcomes are values. */
export type Result<Outcome> = Done<Outcome> | Refused

export interface Done<Outcome> {
  readonly kind: 'done'
  readonly outcome: Outcome
  /** When it was first done, in milliseconds UTC. */
  readonly doneAt: number
  /** Whether this repeats an earlier answer. */
  readonly isReplay: boolean
  /** The id of the caller's row; null where it has none. */
  readonly callerId: number | null
}

export interface Refused {
  readonly kind: 'refused'
  readonly reason: Refusal
  /** null where the caller is unknown. */
  readonly callerId: number | null
}

/** A result; parameters as of `Done`. */
export function done<Outcome>(
  outcome: Outcome,
  doneAt: number,
  callerId: number | null = null,
  isReplay = false,
): Done<Outcome> {
  return { kind: 'done', outcome, doneAt, isReplay, callerId }
}

/** @param reason as the database gives it */
export function refused(reason: string, callerId: number | null): Refused {
  return { kind: 'refused', reason: reason as Refusal, callerId }
}
