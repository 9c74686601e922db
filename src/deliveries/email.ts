/** The e-mail to the buyer: the keys that can be used, what they are for, and the order. */
import type { Settings } from '../env.ts'
import { settingError } from '../platform/setting-error.ts'
import type { IssuanceConsignment } from './consignment.ts'
import { senderFrom } from './sender.ts'
import { deliveryName, type Sent } from './sent.ts'
import { keysEmail } from './template.ts'

/** @throws SettingError where there is no sender, or nothing to send it with */
export async function sendEmail({ deliveries }: Settings, consignment: IssuanceConsignment): Promise<Sent> {
  const { binding, from } = sendingBy(deliveries)
  const licenseKeys = consignment.keys.filter(({ status }) => status === 'assigned')
  if (licenseKeys.length === 0) return { kind: 'cancelled', result: 'no key is of use any more' }

  const { issuance, productName, order } = consignment
  const email = await keysEmail({
    ownerName: issuance.ownerName,
    productName,
    orderId: order?.id,
    licenseKeys: licenseKeys.map(({ licenseKey }) => licenseKey),
  })
  // Message-ID is the platform's: what comes twice can be told by this.
  const headers = { 'X-Keyseal-Delivery': deliveryName(consignment) }
  try {
    await binding.send({ from, to: issuance.ownerEmail, ...email, headers })
    return { kind: 'delivered', result: 'accepted' }
  } catch (error) {
    return { kind: 'not-delivered', result: refusalIn(error) }
  }
}

function sendingBy({ email, emailFrom }: Settings['deliveries']) {
  const from = emailFrom === undefined ? undefined : senderFrom(emailFrom)
  if (from === undefined) throw settingError('EMAIL_FROM', 'is not set')
  if (email === undefined) throw settingError('EMAIL', 'is not bound')
  return { binding: email, from }
}

/** The platform's code, `E_RATE_LIMIT_EXCEEDED` and the like. Its message may hold the address. */
function refusalIn(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^E_[A-Z_]+$/.test(code) ? code : 'not accepted'
}
