/**
 * Takes a delivery of a payment provider: proves whom it is from, understands it, and does what it means. What
 * can not be proved leaves no trace; what is proved is never lost, also where it is not understood.
 */
import type { Outcome } from '../db/schema.ts'
import type { Settings } from '../env.ts'
import { SettingError } from '../setting-error.ts'
import type { EventRecord } from './events.ts'
import { hashBytes, isName } from './order-lines.ts'
import { process } from './process.ts'
import type { EventDescription, Provider } from './provider.ts'
import type { Happening } from './purchase.ts'
import { webhookSecretName } from './settings.ts'
import { hasUnusableSecret, verifySignature } from './signatures.ts'
import { describe, interpret, lookUpUrl } from './understand.ts'
import { waitForLookUp } from './waiting-events.ts'

/** What a provider sent. */
export interface Delivery {
  readonly headers: Headers
  /** The raw bytes: a signature covers them, and no text that is made of them. */
  readonly body: Uint8Array
}

export type Reception =
  | { readonly kind: 'received'; readonly outcome: Outcome }
  | { readonly kind: 'not-configured' | 'signature-invalid' }

type Mode = 'live' | 'test'

/**
 * @param now milliseconds UTC
 * @throws SettingError where a secret is none of this provider's, or the queue is not bound
 * @throws DatabaseUnavailableError: the provider should send it again
 */
export async function receive(
  provider: Provider,
  delivery: Delivery,
  settings: Settings,
  now: number,
): Promise<Reception> {
  const mode = await modeOf(provider, delivery, settings, now)
  if (mode === 'not-configured' || mode === 'signature-invalid') return { kind: mode }
  if (!settings.deliveries.queue) {
    throw new SettingError('DELIVERIES', 'is not bound', 'npx wrangler queues create keyseal-deliveries')
  }
  const { event, happening } = await understand(provider, delivery, mode, settings, now)
  const outcome =
    happening === 'to-be-looked-up'
      ? await waitForLookUp(settings, event)
      : await process(settings, event, happening, now)
  return { kind: 'received', outcome }
}

/** Which of the provider's secrets signed the delivery. */
async function modeOf(
  { name, signatures }: Provider,
  { headers, body }: Delivery,
  { payments }: Settings,
  now: number,
): Promise<Mode | 'not-configured' | 'signature-invalid'> {
  const secrets = payments.secrets(name)
  const modes = (['live', 'test'] as const).filter((mode) => secrets[mode].length > 0)
  if (modes.length === 0) return 'not-configured'
  for (const mode of modes) {
    const setting = webhookSecretName(name, mode)
    if (hasUnusableSecret(signatures, secrets[mode])) {
      throw new SettingError(setting, 'is no secret of this provider', `npx wrangler secret put ${setting}`)
    }
    const seconds = Math.floor(now / 1000)
    if (await verifySignature(signatures, secrets[mode], headers, body, seconds)) return mode
  }
  return 'signature-invalid'
}

async function understand(
  provider: Provider,
  { headers, body }: Delivery,
  mode: Mode,
  settings: Settings,
  now: number,
): Promise<{ event: EventRecord; happening: Happening | 'to-be-looked-up' }> {
  const text = new TextDecoder().decode(body)
  const payload = parseJson(text)
  const description = describe(provider, payload, headers)
  const event: EventRecord = {
    provider: provider.name,
    eventId: nameOr(description?.id, await hashBytes(body)),
    type: nameOr(description?.type, 'unknown'),
    receivedAt: now,
    payload: text,
  }
  if (!description) return { event, happening: { kind: 'failed', note: 'not an event of this provider' } }
  const note = wrongMode(mode, description)
  if (note !== undefined) return { event, happening: { kind: 'ignored', note } }
  if (lookUpUrl(provider, payload, settings) !== undefined) return { event, happening: 'to-be-looked-up' }
  return { event, happening: interpret(provider, payload) }
}

function nameOr(text: string | undefined, otherwise: string): string {
  return text !== undefined && isName(text) ? text : otherwise
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A test event must not issue from a live secret, nor the other way round. */
function wrongMode(mode: Mode, { isTest }: EventDescription): string | undefined {
  if (isTest === undefined || isTest === (mode === 'test')) return undefined
  return `a ${isTest ? 'test' : 'live'} event, signed with the ${mode} secret`
}
