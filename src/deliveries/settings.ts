/** What is configured for deliveries: where they go, what signs them, and the bindings that carry them. */
import * as z from 'zod/mini'
import { deliveryTarget } from '../platform/target.ts'
import type { Message } from '../queue/messages.ts'
import { senderFrom } from './sender.ts'

export interface DeliverySettings {
  /** undefined where it is not bound: payments fail closed, everything else works. */
  readonly queue: Queue<Message> | undefined
  /** undefined: no signed webhook, but for products with an address of their own. */
  readonly webhookUrl: string | undefined
  /** Looked at when something is signed: a wrong one keeps nobody from issuing license keys. */
  readonly webhookSecret: string | undefined
  /** undefined: no e-mail. */
  readonly emailFrom: string | undefined
  readonly email: SendEmail | undefined
  /** Whether targets may be local, and without TLS. Never in production. */
  readonly isLocalDevelopment: boolean
}

/** A binding of the platform, which has no shape that could be checked. */
function binding<Type>() {
  return z.optional(
    z.custom<Type>((value) => value === undefined || (typeof value === 'object' && value !== null)),
  )
}

const text = z.pipe(
  z.optional(z.string()),
  z.transform((value) => value?.trim() || undefined),
)

const bindings = z.object({
  DELIVERIES: binding<Queue<Message>>(),
  EMAIL: binding<SendEmail>(),
  EMAIL_FROM: text,
  DELIVERY_WEBHOOK_URL: text,
  DELIVERY_WEBHOOK_SECRET: text,
  LOCAL_DEVELOPMENT: text,
})

export const deliverySettingsSchema: z.ZodMiniType<DeliverySettings> = z.pipe(
  bindings,
  z.transform((found, context): DeliverySettings => {
    const settings = {
      queue: found.DELIVERIES,
      webhookUrl: found.DELIVERY_WEBHOOK_URL,
      webhookSecret: found.DELIVERY_WEBHOOK_SECRET,
      emailFrom: found.EMAIL_FROM,
      email: found.EMAIL,
      isLocalDevelopment: found.LOCAL_DEVELOPMENT === 'true',
    }
    const fault = faultIn(settings)
    if (fault) {
      context.issues.push({ code: 'custom', path: [fault.setting], message: fault.text, input: found })
    }
    return settings
  }),
)

interface Fault {
  /** The variable, secret or binding that is to be mended. */
  readonly setting: string
  readonly text: string
}

/** What is wrong by itself, and what is missing for something else that is set. */
function faultIn(settings: DeliverySettings): Fault | undefined {
  const { webhookUrl, webhookSecret, emailFrom, email, isLocalDevelopment } = settings
  if (webhookUrl !== undefined && !deliveryTarget(webhookUrl, isLocalDevelopment)) {
    return { setting: 'DELIVERY_WEBHOOK_URL', text: 'is not an https address of a public host' }
  }
  if (webhookUrl !== undefined && webhookSecret === undefined) {
    return { setting: 'DELIVERY_WEBHOOK_SECRET', text: 'is not set, and DELIVERY_WEBHOOK_URL is' }
  }
  if (emailFrom !== undefined && senderFrom(emailFrom) === undefined) {
    return { setting: 'EMAIL_FROM', text: 'is not an e-mail address, nor a name with one in angle brackets' }
  }
  if (emailFrom !== undefined && email === undefined) {
    return { setting: 'EMAIL', text: 'is not bound, and EMAIL_FROM is set' }
  }
  return undefined
}
