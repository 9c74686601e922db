import { PROVIDER_NAMES } from '../../../src/payments/provider.ts'
import type { OperationText } from '../operation.ts'

/** What a provider sends is the provider's to describe; the sender of Standard Webhooks is told by docs/payments.md. */
export const webhooksOperations: readonly OperationText[] = PROVIDER_NAMES.map((name) => ({
  path: `/webhooks/${name}`,
  summary:
    name === 'standard'
      ? 'Takes the events of any sender that signs by Standard Webhooks'
      : `Takes the events of ${name.replaceAll('-', ' ')} as the provider sends and signs them`,
  codes: ['webhookReceived', 'signatureInvalid', 'notFound'],
}))
