/** From what the domain says to what the protocol says. */
import type { CallerRefusal } from '../callers/api-keys.ts'
import type { Decision, Performed } from '../callers/operation.ts'
import type { Read } from '../callers/reading.ts'
import type { Settings } from '../env.ts'
import { signingKeyFor } from '../signing/signing-keys.ts'
import { CODES, type Code } from './codes.ts'
import { unixSeconds } from './dates.ts'
import type { Answer } from './endpoint.ts'

/** Why a caller is turned away, whatever it asked for. */
export const REFUSALS: Record<CallerRefusal | 'idempotency-key-reused', Code> = {
  'access-denied': CODES.accessDenied,
  'api-key-unknown': CODES.apiKeyUnknown,
  'api-key-inactive': CODES.apiKeyInactive,
  'capability-missing': CODES.capabilityMissing,
  'address-not-allowed': CODES.addressNotAllowed,
  'idempotency-key-reused': CODES.idempotencyKeyReused,
}

/** What an endpoint says about an outcome. */
export interface Presentation {
  readonly code: Code
  readonly fields?: Readonly<Record<string, unknown>>
  /** Whose key signs; left out: the global one, as the protocol has it for this code. */
  readonly signedByProduct?: number | null | undefined
  /** The product it is about, for the log, where another key signs. */
  readonly product?: number | null
}

/** Marks an answer that repeats an earlier one. */
export const REPLAYED = { 'Idempotent-Replayed': 'true' } as const

/** The answer to an operation; a replay has the timestamp of the first answer. */
export async function answerToOperation<Outcome extends Decision>(
  { signingSecrets }: Settings,
  performed: Performed<Outcome, CallerRefusal>,
  present: (outcome: Outcome, performedAt: number) => Presentation,
): Promise<Answer> {
  if (performed.kind === 'refused') return { code: REFUSALS[performed.reason] }
  const { signedByProduct, ...answer } = present(performed.outcome, performed.performedAt)
  return {
    product: signedByProduct,
    ...answer,
    signingKey: await signingKeyFor(signingSecrets, signedByProduct ?? undefined),
    timestamp: unixSeconds(performed.performedAt),
    ...(performed.kind === 'replayed' && { headers: REPLAYED }),
  }
}

/** The answer to a reading. */
export async function answerToReading<Found>(
  { signingSecrets }: Settings,
  read: Read<Found, CallerRefusal>,
  present: (found: Found) => Presentation,
): Promise<Answer> {
  if (read.kind === 'refused') return { code: REFUSALS[read.reason] }
  const { signedByProduct, ...answer } = present(read.found)
  const signingKey = await signingKeyFor(signingSecrets, signedByProduct ?? undefined)
  return { product: signedByProduct, ...answer, signingKey }
}
