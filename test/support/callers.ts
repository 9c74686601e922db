/** Callers as the guard hands them to the domain, for tests that call it directly. */
import { apiKey } from '../../src/callers/api-keys.ts'
import type { Caller, CallerValues, Capability, Result } from '../../src/callers/caller.ts'
import { CONTRACT_KEY } from '../../src/callers/contract-holders.ts'
import type { Order } from '../../src/issuing/order.ts'
import { issueForApiKey } from '../../src/issuing/random-assign-license-keys.ts'
import type { Shop } from './shop.ts'

/** The holder of the shop's API key, from an unknown address. */
export function callerOf(
  shop: Pick<Shop, 'apiKey'>,
  capability: Capability = 'assign',
): Promise<CallerValues> {
  return valuesOf(apiKey(capability), shop.apiKey)
}

/** The holder of a contract key, from an unknown address. */
export function holderOf(contract: { readonly key: string }): Promise<CallerValues> {
  return valuesOf(CONTRACT_KEY, contract.key)
}

async function valuesOf({ credential }: Caller, key: string): Promise<CallerValues> {
  const values = await credential?.values(`Bearer ${key}`, {})
  return { ...values, callerNetworks: '[]', deviceIdentifier: null }
}

/** Issues an order of the shop's API key, and says in one word what came of it. */
export async function issueOrder(
  db: D1Database,
  shop: Shop,
  order: Order,
  idempotencyKey: string | undefined,
  sources: { readonly now: number; readonly newLicenseKey?: () => string },
) {
  const { now, newLicenseKey } = sources
  const call = { db, caller: await callerOf(shop), idempotencyKey, now }
  return inOneWord(await issueForApiKey(call, order, newLicenseKey))
}

/** An outcome whose kind may also be `replayed`. */
type InOneWord<Outcome> = Outcome extends { readonly kind: infer Kind }
  ? Omit<Outcome, 'kind'> & { readonly kind: Kind | 'replayed' }
  : never

/** `issued` or `replayed` with the keys, `refused` with the reason, or what kept the order from being issued. */
export function inOneWord<Outcome extends { readonly kind: string }>(
  result: Result<Outcome>,
): InOneWord<Outcome> | { readonly kind: 'refused'; readonly reason: string } {
  if (result.kind === 'refused') return { kind: 'refused', reason: result.reason }
  const { outcome, isReplay } = result
  return { ...outcome, kind: isReplay ? 'replayed' : outcome.kind } as unknown as InOneWord<Outcome>
}
