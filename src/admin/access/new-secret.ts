/** Secrets that are shown once: tokens of operators and API keys. The database has only their hashes. */
import type { Result } from '../../callers/caller.ts'

/** @returns the prefix and 256 random bits in base64url */
export function newSecret(prefix: string): string {
  const random = crypto.getRandomValues(new Uint8Array(32))
  return `${prefix}${random.toBase64({ alphabet: 'base64url', omitPadding: true })}`
}

/** Adds the secret to a first answer. The database does not have it, so a repeated answer has null. */
export function withSecret<Of extends { readonly kind: string }>(result: Result<Of>, secret: string) {
  if (result.kind === 'refused') return result
  return { ...result, outcome: { ...result.outcome, secret: result.isReplay ? null : secret } }
}
