/** The settings of deliveries: where they go, what signs them, and what sends e-mail. */
import * as z from 'zod/mini'
import { checkSettings, isLocalDevelopment, oncePerIsolate, settingError } from '../platform/settings.ts'
import { deliveryTarget } from '../platform/target.ts'
import { isEmailAddress } from '../protocol/owner.ts'

const text = z.pipe(
  z.optional(z.string()),
  z.transform((value) => value?.trim() || undefined),
)

const schema = z.object({
  EMAIL: z.optional(z.custom<SendEmail>((value) => typeof value === 'object' && value !== null)),
  EMAIL_FROM: text,
  DELIVERY_WEBHOOK_URL: text,
  DELIVERY_WEBHOOK_SECRET: text,
})

export interface DeliverySettings {
  /** undefined: only products with an address of their own have a signed webhook. */
  readonly webhookUrl: string | undefined
  /** Checked when something is signed: a wrong one keeps nobody from issuing license keys. */
  readonly webhookSecret: string | undefined
  /** Who e-mail comes from; undefined: no e-mail is sent. */
  readonly sender: string | EmailAddress | undefined
  readonly email: SendEmail | undefined
}

/** Refuses what is wrong by itself, and what is missing for something else that is set. */
export const deliverySettings = oncePerIsolate((env): DeliverySettings => {
  const found = checkSettings(schema, env)
  const { DELIVERY_WEBHOOK_URL: webhookUrl, DELIVERY_WEBHOOK_SECRET: webhookSecret } = found
  if (webhookUrl !== undefined && !deliveryTarget(webhookUrl, isLocalDevelopment(env))) {
    throw settingError('DELIVERY_WEBHOOK_URL', 'is not an https address of a public host')
  }
  if (webhookUrl !== undefined && webhookSecret === undefined) {
    throw settingError('DELIVERY_WEBHOOK_SECRET', 'is not set, and DELIVERY_WEBHOOK_URL is')
  }
  const { EMAIL: email, EMAIL_FROM: emailFrom } = found
  const sender = emailFrom === undefined ? undefined : senderFrom(emailFrom)
  if (emailFrom !== undefined && sender === undefined) {
    throw settingError('EMAIL_FROM', 'is not an e-mail address, nor a name with one in angle brackets')
  }
  if (emailFrom !== undefined && email === undefined) {
    throw settingError('EMAIL', 'is not bound, and EMAIL_FROM is set')
  }
  return { webhookUrl, webhookSecret, sender, email }
})

const NAME_AND_ADDRESS = /^(.*?)\s*<([^<>]*)>$/

/**
 * @param emailFrom `keys@example.com` or `Example <keys@example.com>`
 * @returns undefined where the text holds no address
 */
function senderFrom(emailFrom: string): string | EmailAddress | undefined {
  const [, quotedName, address = emailFrom] = NAME_AND_ADDRESS.exec(emailFrom) ?? []
  if (!isEmailAddress(address)) return undefined
  const name = quotedName?.replace(/^"(.*)"$/, '$1')
  return name ? { name, email: address } : address
}
