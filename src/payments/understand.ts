/** What a provider's event says, as far as it can be understood: a body of another shape is a value, not an exception. */
import { $ZodError } from 'zod/v4/core'
import type { Settings } from '../env.ts'
import type { EventDescription, Provider } from './provider.ts'
import type { Happening } from './purchase.ts'
import type { Mode } from './settings.ts'

/** @returns the value of the JSON text, or undefined where it is none */
export function parsePayload(payload: string): unknown {
  try {
    return JSON.parse(payload)
  } catch {
    return undefined
  }
}

/** @returns what the event tells about itself; undefined: it is none of this provider's */
export function describe(
  provider: Provider,
  payload: unknown,
  headers: Headers,
): EventDescription | undefined {
  return unlessMisshapen(
    () => provider.describe(payload, headers),
    () => undefined,
  )
}

/** What the provider's API is to be asked. */
export interface Question {
  readonly url: string
  readonly apiKey: string
}

/**
 * @returns what is to be asked before the event can be understood; undefined: nothing, or nobody may ask. An event
 *   of the wrong mode means nothing, whatever the answer
 */
export function questionOf(
  provider: Provider,
  payload: unknown,
  mode: Mode,
  { payments }: Settings,
): Question | undefined {
  const apiKey = provider.lookUp && payments.apiKeys[provider.lookUp.setting]
  if (apiKey === undefined || wrongMode(provider, payload, mode) !== undefined) return undefined
  const url = provider.lookUp?.url(payload, apiKey)
  return url === undefined ? undefined : { url, apiKey }
}

/**
 * @param mode of the secret that signed the event
 * @param found the parsed answer of the look-up, where one was made
 * @returns what the event says, or that it could not be understood, and where: never the value that stands there
 */
export function understand(provider: Provider, payload: unknown, mode: Mode, found?: unknown): Happening {
  const note = wrongMode(provider, payload, mode)
  if (note !== undefined) return { kind: 'ignored', note }
  return unlessMisshapen<Happening>(
    () => provider.interpret(payload, found),
    ({ issues }) => {
      const places = new Set(issues.map(({ path }) => path.join('.')))
      return { kind: 'failed', note: `not of the expected shape: ${[...places].join(', ')}`.slice(0, 255) }
    },
  )
}

/** A test event must not issue from a live secret, nor the other way round. */
function wrongMode(provider: Provider, payload: unknown, mode: Mode): string | undefined {
  const isTest = describe(provider, payload, new Headers())?.isTest
  if (isTest === undefined || isTest === (mode === 'test')) return undefined
  return `a ${isTest ? 'test' : 'live'} event, signed with the ${mode} secret`
}

function unlessMisshapen<Result>(read: () => Result, otherwise: (error: $ZodError) => Result): Result {
  try {
    return read()
  } catch (error) {
    if (error instanceof $ZodError) return otherwise(error)
    throw error
  }
}
