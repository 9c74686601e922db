/** Asks a provider's API for what an event leaves out. */
import type { Question } from './understand.ts'

const TIMEOUT_MS = 10_000

export type LookUpAnswer =
  /** `found`: the parsed answer. */
  | { readonly kind: 'found'; readonly found: unknown }
  /** `reason`: for a person; without the address, which may name an order. */
  | { readonly kind: 'failed'; readonly reason: string }

export async function lookUp({ url, apiKey }: Question): Promise<LookUpAnswer> {
  try {
    const response = await fetch(url, {
      headers: { Authorization: `Bearer ${apiKey}`, Accept: 'application/json' },
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (response.ok) return { kind: 'found', found: await response.json() }
    await response.body?.cancel()
    return { kind: 'failed', reason: `the look-up was answered with HTTP ${response.status}` }
  } catch {
    return { kind: 'failed', reason: 'the look-up was not answered' }
  }
}
