/**
 * Proof on request: what binds a signed answer to the question of one app. Without it, a recorded answer can be played
 * to any copy of the software.
 *
 * Guarantees: the answer to a request with a nonce repeats the nonce, the hash of the license key and the identifier of
 * that request, even if it refuses. So an attacker between the app and the server cannot pass off the answer to
 * another question.
 */
import { sha256HexOfText } from '../platform/hash.ts'

/** What the app asked, from its checked parameters. */
export interface Question {
  readonly nonce: string
  readonly licenseKey: string | null
  readonly identifier: string | null
}

/** What is known about the license key of the question. All null: nothing. */
export interface ProofFacts {
  readonly productId: number | null
  readonly status: string | null
  /** Milliseconds UTC. null: it never expires, or nothing is known. */
  readonly expiresAt: number | null
  /** null: there is no list of features, or nothing is known. */
  readonly features: readonly string[] | null
}

/** @returns undefined if the request asks for no proof */
export function questionOf(parameters: Readonly<Record<string, unknown>>): Question | undefined {
  const { nonce, license_key: licenseKey, identifier } = parameters
  if (typeof nonce !== 'string') return undefined
  return { nonce, licenseKey: textOrNull(licenseKey), identifier: textOrNull(identifier) }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** @returns the member `proof` of a response */
export async function proofOf(
  { nonce, licenseKey, identifier }: Question,
  facts: ProofFacts | null | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  const { productId = null, status = null, expiresAt = null, features = null } = facts ?? {}
  return {
    nonce,
    license_key_sha256: licenseKey === null ? null : await sha256HexOfText(licenseKey),
    identifier,
    product_id: productId,
    status,
    expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString(),
    features,
  }
}
