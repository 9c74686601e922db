/** Texts for the OpenAPI description. */
import type { DocsByPath, EndpointDocs } from '../http/docs.ts'
import { PROVIDER_NAMES } from './provider.ts'

/** Providers document their own events; docs/selling.md documents those of Standard Webhooks. */
const WEBHOOK: EndpointDocs = {
  details:
    'A paid order issues its license keys exactly once, in whatever order and however often its events arrive. A ' +
    'refund or a dispute blocks the keys, a renewal extends them. Any answer except 2200 makes the sender repeat the ' +
    'event: 2401 if the signature is wrong or too old, 2404 if the server has no secret of this provider.',
}

export const docs: DocsByPath = Object.fromEntries(
  PROVIDER_NAMES.map((name) => [`/webhooks/${name}`, WEBHOOK]),
)
