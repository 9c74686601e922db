/**
 * Receives a webhook of a payment provider: verifies its signature, parses it and applies it. A webhook is
 * stored if and only if its signature is valid, even if it cannot be parsed.
 */
import { $ZodError } from 'zod/v4/core'
import type { Outcome } from '../db/schema/index.ts'
import { hasUnusableSecret, SECRET_CHARACTERS_MIN, verifySignature } from '../http/signatures.ts'
import { sha256Hex } from '../platform/hash.ts'
import { parseJson } from '../platform/json.ts'
import { type Bindings, SettingError } from '../platform/settings.ts'
import { requireQueues } from '../queue/enqueue.ts'
import { type Context, type EventRecord, wait } from './events.ts'
import { fulfillAndDeliver } from './fulfill.ts'
import { isName, orderOf, type PaymentEvent } from './payment-event.ts'
import type { EventDescription, LookUpSetting, Provider } from './provider.ts'
import { nameAt } from './providers/fields.ts'
import { MODES, type Mode, paymentSettings, webhookSecretName } from './settings.ts'

export interface Webhook {
  readonly headers: Headers
  /** The raw bytes, which the signature covers. */
  readonly body: Uint8Array
}

export type Reception =
  /** The outcome of the event. If there are several events, their different outcomes: `issued, ignored`. */
  | { readonly kind: 'received'; readonly outcome: string }
  /** An event is stored as failed. `faults` are the fields that are missing or invalid. */
  | { readonly kind: 'malformed'; readonly outcome: string; readonly faults: readonly string[] }
  | { readonly kind: 'not-configured' | 'signature-invalid' }

/**
 * @param now milliseconds UTC
 * @throws SettingError if a secret has the wrong format for this provider, or the queue is not bound
 * @throws DatabaseUnavailableError if the provider should send it again. Events that were already applied then
 *   change nothing
 */
export async function receive(
  provider: Provider,
  webhook: Webhook,
  context: Context,
  now: number,
): Promise<Reception> {
  const { env } = context
  const mode = await modeOf(provider, webhook, env, now)
  if (mode === 'signature-invalid' && provider.isPing?.(webhook.body)) {
    return { kind: 'received', outcome: 'ignored' }
  }
  if (mode === 'not-configured' || mode === 'signature-invalid') return { kind: mode }
  requireQueues(env, 'delivery', 'event')
  const events: ReceivedEvent[] = []
  for (const part of partsOf(provider, webhook.body)) {
    events.push(await receiveEvent(provider, part, webhook.headers, mode, context, now))
  }
  const outcome = [...new Set(events.map((event) => event.outcome))].join(', ')
  const faults = events.flatMap((event) => event.faults)
  return faults.length > 0 ? { kind: 'malformed', outcome, faults } : { kind: 'received', outcome }
}

interface ReceivedEvent {
  readonly outcome: Outcome
  readonly faults: readonly string[]
}

interface Part {
  readonly payload: unknown
  readonly text: string
  readonly bytes: Uint8Array
}

/** The events of a body. The JSON of each is stored by itself, so that it can be retried by itself. */
function partsOf(provider: Provider, body: Uint8Array): Part[] {
  const text = new TextDecoder().decode(body)
  const payload = parseJson(text)
  const events = provider.split?.(payload) ?? []
  if (events.length === 0) return [{ payload, text, bytes: body }]
  return events.map((event) => {
    const json = JSON.stringify(event)
    return { payload: event, text: json, bytes: new TextEncoder().encode(json) }
  })
}

async function receiveEvent(
  provider: Provider,
  { payload, text, bytes }: Part,
  headers: Headers,
  mode: Mode,
  context: Context,
  now: number,
): Promise<ReceivedEvent> {
  const described = describe(provider, payload, headers)
  const event = {
    ...(await namesOf(described, bytes)),
    provider: provider.name,
    mode,
    receivedAt: now,
    payload: text,
  }
  const parsed = parseEvent(provider, payload, described?.isTest, mode, context.env)
  const known = parsed.kind === 'event' ? parsed.event : interpret(provider, payload)
  const waitSeconds = waitOf(known)
  if (parsed.kind === 'look-up' || waitSeconds > 0) {
    return { outcome: await wait(context, event, orderOf(known), now + waitSeconds * 1000), faults: [] }
  }
  const outcome = await fulfillAndDeliver(context, event, parsed.event, now)
  // An event that was applied before keeps its outcome, even if its body is malformed now.
  const isMalformed = outcome === 'failed' && 'faults' in parsed.event
  return { outcome, faults: isMalformed ? (parsed.event.faults ?? []) : [] }
}

/** A look-up is due immediately, unless another event may tell more than it. */
function waitOf(known: PaymentEvent): number {
  return known.kind === 'purchase' ? (known.waitSeconds ?? 0) : 0
}

async function modeOf(
  { name, signatures }: Provider,
  { headers, body }: Webhook,
  env: Bindings,
  now: number,
): Promise<Mode | 'not-configured' | 'signature-invalid'> {
  const secrets = paymentSettings(env).secrets[name]
  const modes = MODES.filter((mode) => secrets[mode].length > 0)
  if (modes.length === 0) return 'not-configured'
  for (const mode of modes) {
    if (hasUnusableSecret(signatures, secrets[mode])) {
      const setting = webhookSecretName(name, mode)
      const fault = `is not a secret of this provider with at least ${SECRET_CHARACTERS_MIN} characters`
      throw new SettingError(setting, fault, `npx wrangler secret put ${setting}`)
    }
    const seconds = Math.floor(now / 1000)
    if (await verifySignature(signatures, secrets[mode], headers, body, seconds)) return mode
  }
  return 'signature-invalid'
}

/** The event's id and type. An event without an id gets the hash of its JSON. */
async function namesOf(
  { id, type }: Partial<EventDescription> = {},
  json: Uint8Array,
): Promise<Pick<EventRecord, 'eventId' | 'type'>> {
  return {
    eventId: id !== undefined && isName(id) ? id : await sha256Hex(json),
    type: type !== undefined && isName(type) ? type : 'unknown',
  }
}

/** @returns undefined if the payload is not an event of this provider */
export function describe(
  provider: Provider,
  payload: unknown,
  headers: Headers,
): EventDescription | undefined {
  return onSchemaMismatch(
    () => provider.describe(payload, headers),
    () => undefined,
  )
}

export type ParsedEvent =
  | { readonly kind: 'event'; readonly event: PaymentEvent }
  | {
      readonly kind: 'look-up'
      readonly url: string
      readonly setting: LookUpSetting
      readonly apiKey: string
    }

/**
 * @param isTest from the event; undefined if it does not contain it
 * @param mode of the secret that signed the event
 */
export function parseEvent(
  provider: Provider,
  payload: unknown,
  isTest: boolean | undefined,
  mode: Mode,
  env: Bindings,
): ParsedEvent {
  // A test event must not issue keys with a live secret, and a live event must not with a test secret.
  if (isTest !== undefined && isTest !== (mode === 'test')) {
    const note = `a ${isTest ? 'test' : 'live'} event, signed with the ${mode} secret`
    return { kind: 'event', event: { kind: 'ignored', note } }
  }
  const { lookUp } = provider
  const apiKey = lookUp && paymentSettings(env).apiKeys[lookUp.setting]
  const url = apiKey === undefined ? undefined : lookUp?.url(payload, apiKey)
  return lookUp === undefined || apiKey === undefined || url === undefined
    ? { kind: 'event', event: interpret(provider, payload) }
    : { kind: 'look-up', url, setting: lookUp.setting, apiKey }
}

/**
 * @param found the parsed response of the look-up, if one was made
 * @returns the event, or a failed notice with the paths that do not match the schema, without their values
 */
export function interpret(provider: Provider, payload: unknown, found?: unknown): PaymentEvent {
  return onSchemaMismatch<PaymentEvent>(
    () => provider.interpret(payload, found),
    ({ issues }) => {
      const faults = [...new Set(issues.map(({ path }) => path.join('.') || 'body'))]
      const note = `unexpected format: ${faults.join(', ')}`.slice(0, 255)
      const order = (provider.orderOf ?? idOfObject)(payload)
      return { kind: 'failed', note, faults, ...(order !== undefined && { order }) }
    },
  )
}

/** The id of the object that an event is about, or of the order that the object names. */
function idOfObject(payload: unknown): string | undefined {
  return nameAt(
    payload,
    'data.object.id',
    'data.transaction_id',
    'data.order_id',
    'data.id',
    'object.id',
    'id',
  )
}

function onSchemaMismatch<Result>(read: () => Result, otherwise: (error: $ZodError) => Result): Result {
  try {
    return read()
  } catch (error) {
    if (error instanceof $ZodError) return otherwise(error)
    throw error
  }
}
