/**
 * `POST /webhooks/resend`: the reports of Resend about e-mails that it accepted
 * (https://resend.com/docs/webhooks/event-types). Resend signs them with Svix, which is Standard Webhooks with headers of
 * its own, and repeats them until it gets status 200.
 */
import * as z from 'zod/mini'
import { done, PROVIDER } from '../callers/caller.ts'
import { readBytes } from '../http/body.ts'
import { endpoint } from '../http/endpoint.ts'
import {
  hasUnusableSecret,
  parseStandardHeaders,
  SECRET_CHARACTERS_MIN,
  type SignatureScheme,
  standardKeys,
  verifySignature,
} from '../http/signatures.ts'
import { parseJson } from '../platform/json.ts'
import { settingError } from '../platform/settings.ts'
import { CODES } from '../protocol/codes.ts'
import { unixSeconds } from '../protocol/dates.ts'
import { MESSAGE_ID_CHARACTERS_MAX } from './email-transport.ts'
import { type Report, recordReport } from './reports.ts'
import { DELIVERY_TAG } from './resend.ts'
import { deliverySettings } from './settings.ts'

/** More than a report about one e-mail. */
const BODY_BYTES_MAX = 100_000

const SIGNATURES: SignatureScheme = {
  keys: standardKeys,
  parseHeaders: (headers) => parseStandardHeaders(headers, 'svix'),
}

const KINDS: Readonly<Record<string, Report['kind']>> = {
  'email.delivered': 'arrived',
  'email.bounced': 'bounced',
  'email.suppressed': 'rejected',
  'email.failed': 'failed',
  'email.complained': 'complained',
}

const schema = z.object({
  type: z.string(),
  created_at: z.string(),
  data: z.object({
    email_id: z.string().check(z.minLength(1), z.maxLength(MESSAGE_ID_CHARACTERS_MAX)),
    tags: z.optional(z.unknown()),
  }),
})

const tagsSchema = z.object({ [DELIVERY_TAG]: z.string() })

type Received =
  | { readonly kind: 'received'; readonly outcome: 'recorded' | 'ignored' }
  | { readonly kind: 'not-configured' | 'signature-invalid' | 'too-large' }

export const resendWebhook = endpoint({
  path: '/webhooks/resend',
  summary: 'Receive Resend events',
  caller: PROVIDER,
  outcomes: {
    received: CODES.webhookReceived,
    'not-configured': CODES.notFound,
    'signature-invalid': CODES.signatureInvalid,
    'too-large': CODES.bodyTooLarge,
  },
  async handle({ request, env, db, now }) {
    const body = await readBytes(request, BODY_BYTES_MAX)
    if (body === undefined) return done<Received>({ kind: 'too-large' }, now)
    const { reportSecrets } = deliverySettings(env)
    if (reportSecrets.length === 0) return done<Received>({ kind: 'not-configured' }, now)
    if (hasUnusableSecret(SIGNATURES, reportSecrets)) {
      const fault = `is not a secret of Resend with at least ${SECRET_CHARACTERS_MIN} characters`
      throw settingError('RESEND_WEBHOOK_SECRET', fault)
    }
    const isSigned = await verifySignature(SIGNATURES, reportSecrets, request.headers, body, unixSeconds(now))
    if (!isSigned) return done<Received>({ kind: 'signature-invalid' }, now)
    const report = reportIn(body)
    const isRecorded = report !== undefined && (await recordReport(db, report, now))
    return done<Received>({ kind: 'received', outcome: isRecorded ? 'recorded' : 'ignored' }, now)
  },
  answer: (received) =>
    received.kind === 'received'
      ? { fields: { outcome: received.outcome }, log: { outcome: received.outcome } }
      : {},
})

/** @returns undefined for an event that tells nothing about where an e-mail ended up */
function reportIn(body: Uint8Array): Report | undefined {
  const { data: event } = schema.safeParse(parseJson(new TextDecoder().decode(body)))
  const kind = event && KINDS[event.type]
  if (!kind) return undefined
  const deliveryName = tagsSchema.safeParse(event.data.tags).data?.[DELIVERY_TAG]
  return { messageId: event.data.email_id, deliveryName, kind, at: event.created_at }
}
