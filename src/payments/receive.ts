/**
 * Takes a delivery of a payment provider: proves whom it is from, understands it, and does what it means. What
 * can not be proved leaves no trace; what is proved is never lost, also where it is not understood.
 */
import type { Outcome } from '../db/schema/index.ts'
import type { Settings } from '../env.ts'
import { sha256Hex } from '../platform/hash.ts'
import { SettingError } from '../platform/setting-error.ts'
import { requireQueue } from '../queue/enqueue.ts'
import type { EventRecord } from './events.ts'
import { isName } from './order-lines.ts'
import { process } from './process.ts'
import type { Provider } from './provider.ts'
import { MODES, type Mode, webhookSecretName } from './settings.ts'
import { hasUnusableSecret, verifySignature } from './signatures.ts'
import { describe, parsePayload, questionOf, understand } from './understand.ts'
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
  requireQueue(settings)
  const text = new TextDecoder().decode(delivery.body)
  const payload = parsePayload(text)
  const event = {
    ...(await namesOf(provider, delivery, payload)),
    provider: provider.name,
    mode,
    receivedAt: now,
    payload: text,
  }
  const outcome = questionOf(provider, payload, mode, settings)
    ? await waitForLookUp(settings, event)
    : await process(settings, event, understand(provider, payload, mode), now)
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
  const modes = MODES.filter((mode) => secrets[mode].length > 0)
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

/** What the event is called; one that does not tell is known by its body. */
async function namesOf(
  provider: Provider,
  { headers, body }: Delivery,
  payload: unknown,
): Promise<Pick<EventRecord, 'eventId' | 'type'>> {
  const { id, type } = describe(provider, payload, headers) ?? {}
  return {
    eventId: id !== undefined && isName(id) ? id : await sha256Hex(body),
    type: type !== undefined && isName(type) ? type : 'unknown',
  }
}
