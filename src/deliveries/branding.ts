/** How e-mails to buyers present the seller: name, logo, color, and where buyers get help. */
import * as z from 'zod/mini'
import { checkSettings, type Settings, settingError } from '../platform/settings.ts'
import { deliveryTarget } from '../platform/target.ts'
import { isEmailAddress, isTextOfAtMost } from '../protocol/owner.ts'

export interface Branding {
  readonly name: string | undefined
  /** An https URL. Only e-mail uses it, never a page. */
  readonly logoUrl: string | undefined
  /** `#rrggbb` */
  readonly color: string
  readonly support: Support | undefined
}

/** Where buyers get help. `url`: an https page. */
export type Support =
  | { readonly kind: 'email'; readonly address: string }
  | { readonly kind: 'page'; readonly url: string }

export const NAME_CHARACTERS_MAX = 100
const URL_CHARACTERS_MAX = 2_000

/** Slate: at least 3:1 against both a white and a black background (WCAG 2.2, 1.4.11). */
const COLOR_DEFAULT = '#64748b'

/** An optional setting. Surrounding white space is removed, and an empty value counts as not set. */
export const optionalText = z.pipe(
  z.optional(z.string()),
  z.transform((value) => value?.trim() || undefined),
)

const schema = z.object({
  SELLER_NAME: optionalText,
  SELLER_LOGO_URL: optionalText,
  SELLER_COLOR: optionalText,
  SELLER_SUPPORT: optionalText,
})

/**
 * @param senderName the name in EMAIL_FROM, used unless SELLER_NAME is set
 * @throws SettingError if a setting is wrong
 */
export function brandingFrom(env: Settings, senderName: string | undefined): Branding {
  const { SELLER_NAME, SELLER_LOGO_URL, SELLER_COLOR, SELLER_SUPPORT } = checkSettings(schema, env)
  if (SELLER_NAME !== undefined && !isTextOfAtMost(SELLER_NAME, NAME_CHARACTERS_MAX)) {
    throw settingError('SELLER_NAME', `is not one line of at most ${NAME_CHARACTERS_MAX} characters`)
  }
  const name = SELLER_NAME ?? senderName
  if (SELLER_LOGO_URL !== undefined && name === undefined) {
    throw settingError('SELLER_NAME', 'is not set, and SELLER_LOGO_URL is')
  }
  if (SELLER_COLOR !== undefined && !/^#[0-9a-f]{6}$/i.test(SELLER_COLOR)) {
    throw settingError('SELLER_COLOR', 'is not a color such as #1a73e8')
  }
  return {
    name,
    logoUrl: SELLER_LOGO_URL === undefined ? undefined : logoUrlFrom(SELLER_LOGO_URL),
    color: SELLER_COLOR ?? COLOR_DEFAULT,
    support: SELLER_SUPPORT === undefined ? undefined : supportFrom(SELLER_SUPPORT),
  }
}

function logoUrlFrom(text: string): string {
  const url = publicUrl(text)
  if (url === undefined) throw settingError('SELLER_LOGO_URL', 'is not an https URL of a public host')
  return url
}

function supportFrom(text: string): Support {
  if (isEmailAddress(text)) return { kind: 'email', address: text }
  const url = publicUrl(text)
  if (url === undefined) {
    throw settingError('SELLER_SUPPORT', 'is neither an e-mail address nor an https URL of a public host')
  }
  return { kind: 'page', url }
}

/** Mail clients of buyers open it, so a local address is wrong even in local development. */
function publicUrl(text: string): string | undefined {
  return text.length <= URL_CHARACTERS_MAX ? deliveryTarget(text, false)?.href : undefined
}
