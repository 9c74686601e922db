/** Callers as the guard creates them, for tests that call the domain functions directly. */
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
export function contractHolderOf(contract: { readonly key: string }): Promise<CallerValues> {
  return valuesOf(CONTRACT_KEY, contract.key)
}

async function valuesOf({ credential }: Caller, key: string): Promise<CallerValues> {
  const values = await credential?.values(new Headers({ Authorization: `Bearer ${key}` }), {})
  return { ...values, callerNetworks: '[]', deviceIdentifier: null }
}

/** Issues an order with the shop's API key. */
export async function issueOrder(
  db: D1Database,
  shop: Shop,
  order: Order,
  idempotencyKey: string | undefined,
  sources: { readonly now: number; readonly newLicenseKey?: () => string },
) {
  const { now, newLicenseKey } = sources
  const call = { db, caller: await callerOf(shop), idempotencyKey, now }
  return flattenResult(await issueForApiKey(call, order, newLicenseKey))
}

/** An outcome whose kind may also be `replayed`. */
type FlatResult<Outcome> = Outcome extends { readonly kind: infer Kind }
  ? Omit<Outcome, 'kind'> & { readonly kind: Kind | 'replayed' }
  : never

/** Merges a result and its outcome: `kind` is the kind of the outcome, `replayed` or `refused`. */
export function flattenResult<Outcome extends { readonly kind: string }>(
  result: Result<Outcome>,
): FlatResult<Outcome> | { readonly kind: 'refused'; readonly reason: string } {
  if (result.kind === 'refused') return { kind: 'refused', reason: result.reason }
  const { outcome, isReplay } = result
  return { ...outcome, kind: isReplay ? 'replayed' : outcome.kind } as unknown as FlatResult<Outcome>
}
