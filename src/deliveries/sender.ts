/** Who an e-mail comes from, as EMAIL_FROM says it: `keys@example.com` or `Example <keys@example.com>`. */
import { isEmailAddress } from '../protocol/owner.ts'

const NAME_AND_ADDRESS = /^(.*?)\s*<([^<>]*)>$/

/** @returns undefined where the text holds no address */
export function senderFrom(text: string): string | EmailAddress | undefined {
  const [, quotedName, address = text] = NAME_AND_ADDRESS.exec(text) ?? []
  if (!isEmailAddress(address)) return undefined
  const name = quotedName?.replace(/^"(.*)"$/, '$1')
  return name ? { name, email: address } : address
}
