/** What a provider's event says, read from the text that it would be sent as. */
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import type { PaymentEvent } from '../../src/payments/payment-event.ts'
import type { EventDescription, Provider } from '../../src/payments/provider.ts'

export const ORDER = { order: '1001', externalId: '7', now: Date.UTC(2026, 10, 24, 9, 30) }
export const SUBSCRIPTION_ORDER = { ...ORDER, subscription: '55' }

export interface Reader {
  readonly say: (event: SampleEvent, found?: unknown) => PaymentEvent
  /**
   * The same, with fields of the event's body changed: `{'data.status': 'pending'}`; undefined takes one out.
   */
  readonly sayChanged: (event: SampleEvent, changes: Record<string, unknown>, found?: unknown) => PaymentEvent
  readonly describe: (event: SampleEvent, changes?: Record<string, unknown>) => EventDescription
}

export function readerOf(provider: Provider): Reader {
  const sayChanged: Reader['sayChanged'] = (event, changes, found) =>
    provider.interpret(changed(event, changes), found)
  return {
    say: (event, found) => sayChanged(event, {}, found),
    sayChanged,
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
