/** The settings of deliveries: where they go, what signs them, and how e-mail is sent. */
import * as z from 'zod/mini'
import { checkSettings, isLocalDevelopment, oncePerIsolate, settingError } from '../platform/settings.ts'
import { deliveryTarget } from '../platform/target.ts'
import { isEmailAddress, isTextOfAtMost } from '../protocol/owner.ts'
import { type Branding, brandingFrom, NAME_CHARACTERS_MAX, optionalText } from './branding.ts'
import { emailBinding } from './email-binding.ts'
import type { EmailTransport, Sender } from './email-transport.ts'
import { resend } from './resend.ts'

const schema = z.object({
  EMAIL: z.optional(z.custom<SendEmail>((value) => typeof value === 'object' && value !== null)),
  EMAIL_FROM: optionalText,
  RESEND_API_KEY: optionalText,
  RESEND_WEBHOOK_SECRET: z.pipe(
    optionalText,
    z.transform((text) => text?.split(/\s+/) ?? []),
  ),
  DELIVERY_WEBHOOK_URL: optionalText,
  DELIVERY_WEBHOOK_SECRET: optionalText,
})

export type DeliverySettings = WebhookSettings &
  EmailSettings & {
    readonly branding: Branding
    /** Sign Resend's reports about e-mails. Several during a rotation. Checked when a report arrives. */
    readonly reportSecrets: readonly string[]
  }

interface WebhookSettings {
  /** undefined: only products with an address of their own have a signed webhook. */
  readonly webhookUrl: string | undefined
  /** Checked when it signs. A wrong one must not stop the service from issuing license keys. */
  readonly webhookSecret: string | undefined
}

/** Without a sender no e-mail is sent. */
type EmailSettings =
  | { readonly sender: Sender; readonly transport: EmailTransport }
  | { readonly sender: undefined; readonly transport: undefined }

/** @throws SettingError if a setting is wrong, or if another setting needs one that is missing */
export const deliverySettings = oncePerIsolate((env): DeliverySettings => {
  const {
    EMAIL,
    EMAIL_FROM,
    RESEND_API_KEY,
    RESEND_WEBHOOK_SECRET: reportSecrets,
    ...webhook
  } = checkSettings(schema, env)
  const { DELIVERY_WEBHOOK_URL: webhookUrl, DELIVERY_WEBHOOK_SECRET: webhookSecret } = webhook
  if (webhookUrl !== undefined && !deliveryTarget(webhookUrl, isLocalDevelopment(env))) {
    throw settingError('DELIVERY_WEBHOOK_URL', 'is not an https address of a public host')
  }
  if (webhookUrl !== undefined && webhookSecret === undefined) {
    throw settingError('DELIVERY_WEBHOOK_SECRET', 'is not set, and DELIVERY_WEBHOOK_URL is')
  }
  const sender = EMAIL_FROM === undefined ? undefined : senderFrom(EMAIL_FROM)
  const branding = brandingFrom(env, sender?.name)
  const common = { webhookUrl, webhookSecret, branding, reportSecrets }
  const api = RESEND_API_KEY === undefined ? undefined : resend(headerToken('RESEND_API_KEY', RESEND_API_KEY))
  if (sender === undefined) {
    if (api) throw settingError('EMAIL_FROM', 'is not set, and RESEND_API_KEY is')
    return { ...common, sender, transport: undefined }
  }
  const transport = api ?? (EMAIL && emailBinding(EMAIL))
  if (transport === undefined) {
    throw settingError('EMAIL', 'is not bound, and EMAIL_FROM is set without RESEND_API_KEY')
  }
  const { address, name = branding.name } = sender
  return { ...common, sender: { address, name }, transport }
})

const NAME_AND_ADDRESS = /^(.*?)\s*<([^<>]*)>$/

/** @param emailFrom `keys@example.com` or `Example <keys@example.com>` */
function senderFrom(emailFrom: string): Sender {
  const [, quotedName, address = emailFrom] = NAME_AND_ADDRESS.exec(emailFrom) ?? []
  const name = quotedName?.replace(/^"(.*)"$/, '$1') || undefined
  const isUsable = name === undefined || isTextOfAtMost(name, NAME_CHARACTERS_MAX)
  if (isUsable && isEmailAddress(address)) return { address, name }
  throw settingError(
    'EMAIL_FROM',
    'is neither an e-mail address nor a name followed by one in angle brackets',
  )
}

/** Checks that an API key can be sent in a header. Only the provider can check more. */
function headerToken(setting: string, value: string): string {
  if (/^[\x21-\x7e]{1,500}$/.test(value)) return value
  throw settingError(setting, 'is not one line of printable characters without spaces')
}
