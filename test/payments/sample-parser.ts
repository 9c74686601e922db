/** Parses sample events with a provider. */
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import type { PaymentEvent } from '../../src/payments/payment-event.ts'
import type { EventDescription, Provider } from '../../src/payments/provider.ts'

export const ORDER = { order: '1001', externalId: '7', now: Date.UTC(2026, 10, 24, 9, 30) }
export const SUBSCRIPTION_ORDER = { ...ORDER, subscription: '55' }

export interface SampleParser {
  readonly parse: (event: SampleEvent, found?: unknown) => PaymentEvent
  /** Changes fields of the body first, for example `{'data.status': 'pending'}`. undefined removes a field. */
  readonly parseChanged: (
    event: SampleEvent,
    changes: Record<string, unknown>,
    found?: unknown,
  ) => PaymentEvent
  readonly describe: (event: SampleEvent, changes?: Record<string, unknown>) => EventDescription
}

export function parserOf(provider: Provider): SampleParser {
  const parseChanged: SampleParser['parseChanged'] = (event, changes, found) =>
    provider.interpret(changed(event, changes), found)
  return {
    parse: (event, found) => parseChanged(event, {}, found),
    parseChanged,
    describe: (event, changes = {}) =>
      provider.describe(changed(event, changes), new Headers({ 'webhook-id': event.id })),
  }
}

export function changed(event: SampleEvent, changes: Record<string, unknown>): unknown {
  const body = JSON.parse(event.body) as Record<string, unknown>
  for (const [path, value] of Object.entries(changes)) change(body, path.split('.'), value)
  return body
}

function change(holder: Record<string, unknown>, [key = '', ...rest]: string[], value: unknown): void {
  if (rest.length > 0) change(holder[key] as Record<string, unknown>, rest, value)
  else if (value === undefined) delete holder[key]
  else holder[key] = value
}
