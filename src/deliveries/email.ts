/** The e-mail that brings a buyer the license keys of an order. */
import { type Bindings, settingError } from '../platform/settings.ts'
import { ERASED_EMAIL, isEmailAddress } from '../protocol/owner.ts'
import { deliveryName, type IssuanceContents } from './contents.ts'
import { composeEmail } from './email-message.ts'
import type { SendResult } from './post.ts'
import { deliverySettings } from './settings.ts'

/**
 * Sends the keys that can still be used.
 *
 * @param timeoutMs how long the provider may take to answer
 * @throws SettingError if no sender is set
 */
export async function sendEmail(
  env: Bindings,
  contents: IssuanceContents,
  timeoutMs: number,
): Promise<SendResult> {
  const { sender, transport, branding } = deliverySettings(env)
  if (sender === undefined) throw settingError('EMAIL_FROM', 'is not set')
  // The owner may have been removed since the e-mail was requested.
  if (!isEmailAddress(contents.recipient)) return { kind: 'undeliverable', result: 'no e-mail address' }
  if (contents.recipient === ERASED_EMAIL) return { kind: 'cancelled', result: 'the owner was erased' }
  const keys = contents.keys.filter(({ status }) => status === 'assigned')
  if (keys.length === 0) return { kind: 'cancelled', result: 'all keys are blocked' }
  const email = {
    sender,
    to: contents.recipient,
    replyTo: branding.support?.kind === 'email' ? branding.support.address : undefined,
    ...composeEmail(contents, keys, branding),
    deliveryName: deliveryName(contents),
  }
  return transport(email, timeoutMs)
}
