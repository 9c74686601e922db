import type { DocsByPath, EndpointDocs } from '../http/docs.ts'
import { PROVIDER_NAMES } from './provider.ts'

/**
 * Providers document their own events; docs/selling.md documents those of Standard Webhooks, and docs/payments.md
 * what each event does.
 */
const WEBHOOK: EndpointDocs = {
  details:
    'A paid order issues its license keys exactly once, even if its events arrive repeatedly or out of order. ' +
    'Keys of a subscription are valid until the end of what was paid for, and get the terms of a new plan. A refund ' +
    'or a dispute blocks the keys, or takes back the period that the payment paid for. `outcome` says what the event ' +
    'did. The sender repeats the event if the code is not 2200. 2401: the signature is wrong or too old. 2404: the server has no secret for this provider.',
}

const STANDARD: EndpointDocs = {
  details:
    `${WEBHOOK.details} 804: the event is malformed. It is stored, but its sender must correct it: a repetition ` +
    'with the same id is read anew.',
}

export const docs: DocsByPath = Object.fromEntries(
  PROVIDER_NAMES.map((name) => [`/webhooks/${name}`, name === 'standard' ? STANDARD : WEBHOOK]),
)
