/** What a provider's event says, as far as it can be understood: a body of another shape is a value, not an exception. */
import * as z from 'zod'
import type { Settings } from '../env.ts'
import type { EventDescription, Provider } from './provider.ts'
import type { Happening } from './purchase.ts'

/** @returns what the event tells about itself; undefined: it is none of this provider's */
export function describe(
  provider: Provider,
  payload: unknown,
  headers: Headers,
): EventDescription | undefined {
  try {
    return provider.describe(payload, headers)
  } catch (error) {
    if (error instanceof z.ZodError) return undefined
    throw error
  }
}

/** What is to be asked before the event can be understood; undefined: nothing, or nobody may ask. */
export function lookUpUrl(
  { lookUp }: Provider,
  payload: unknown,
  { payments }: Settings,
): string | undefined {
  const apiKey = lookUp && payments.apiKeys[lookUp.setting]
  return apiKey === undefined ? undefined : lookUp?.url(payload, apiKey)
}

/** @returns what the event says, or that it could not be understood, and where: never the value that stands there */
export function interpret(provider: Provider, payload: unknown, found?: unknown): Happening {
  try {
    return provider.interpret(payload, found)
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error
    const places = new Set(error.issues.map(({ path }) => path.join('.')))
    return { kind: 'failed', note: `not of the expected shape: ${[...places].join(', ')}`.slice(0, 255) }
  }
}
