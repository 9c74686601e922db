/** The text of the e-mail to a buyer. The plain text and the HTML have the same content. */
import type { Branding } from './branding.ts'
import type { DeliveredKey, IssuanceContents, OrderLine } from './contents.ts'
import { emailHtml } from './email-html.ts'

/** The content of both versions. Every text is one line. */
export interface Message {
  readonly subject: string
  readonly greeting: string
  readonly introduction: string
  /** Usually one: all keys have the same terms. */
  readonly groups: readonly KeyGroup[]
  readonly help: Help
}

export interface KeyGroup {
  readonly licenseKeys: readonly string[]
  readonly facts: readonly Fact[]
}

export type Fact = readonly [label: string, value: string]

/** `text` is followed by the link, if there is one. */
export interface Help {
  readonly text: string
  readonly link?: { readonly text: string; readonly url: string }
}

/** @param keys at least one, all usable */
export function composeEmail(
  contents: IssuanceContents,
  keys: readonly DeliveredKey[],
  branding: Branding,
): { readonly subject: string; readonly text: string; readonly html: string } {
  const message = messageOf(contents, keys, branding)
  return {
    subject: message.subject,
    text: textOf(message, branding),
    html: emailHtml(message, branding),
  }
}

function messageOf(
  contents: IssuanceContents,
  keys: readonly DeliveredKey[],
  { support }: Branding,
): Message {
  const product = oneLine(contents.productName)
  const isOne = keys.length === 1
  const noun = isOne ? 'license key' : 'license keys'
  return {
    subject: `Your ${noun} for ${product}`,
    greeting: `Hello ${oneLine(contents.ownerName)},`,
    introduction: `Thank you for your order. Here ${isOne ? 'is' : 'are'} your ${noun} for ${product}:`,
    groups: groupsOf(contents, keys),
    help: helpFrom(support),
  }
}

/** Groups keys by their terms, because an operator may have changed some keys before the e-mail is sent. */
function groupsOf({ order }: IssuanceContents, keys: readonly DeliveredKey[]): KeyGroup[] {
  const orderFacts: Fact[] = order === null ? [] : [['Order', orderNumber(order)]]
  const groups = Map.groupBy(keys, (key) => `${key.expiresAt} ${key.activationLimit}`)
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (!first) return []
    return {
      licenseKeys: group.map(({ licenseKey }) => licenseKey),
      facts: [validity(first.expiresAt), devices(first.activationLimit, group.length), ...orderFacts],
    }
  })
}

/** @param expiresAt milliseconds UTC; null: never */
function validity(expiresAt: number | null): Fact {
  if (expiresAt === null) return ['Validity', 'Does not expire']
  // `Mon, 01 Nov 2027 12:00:00 GMT`. Intl would need more CPU time than the rest of the e-mail.
  const [, day, month, year] = new Date(expiresAt).toUTCString().split(' ')
  return ['Valid until', `${month} ${Number(day)}, ${year}`]
}

/** @param limit 0: none */
function devices(limit: number, keysCount: number): Fact {
  if (limit === 0) return ['Devices', 'Unlimited']
  return ['Devices', keysCount === 1 ? String(limit) : `${limit} for each key`]
}

/** The shop's name of the order. Lemon Squeezy's numbers are stored with a prefix. */
function orderNumber({ provider, id }: OrderLine): string {
  return oneLine(provider === 'lemon-squeezy' ? id.replace(/^order:/, '') : id)
}

function helpFrom(support: Branding['support']): Help {
  if (support === undefined) return { text: 'Questions? Reply to this e-mail.' }
  if (support.kind === 'page') {
    return { text: 'Questions? Get help at', link: { text: support.url, url: support.url } }
  }
  const { address } = support
  const url = `mailto:${encodeURIComponent(address).replace('%40', '@')}`
  return { text: 'Questions? Write to', link: { text: address, url } }
}

function textOf({ greeting, introduction, groups, help }: Message, { name }: Branding): string {
  const paragraphs = [
    greeting,
    introduction,
    ...groups.flatMap(({ licenseKeys, facts }) => [
      licenseKeys.map((key) => `    ${key}`).join('\n'),
      facts.map(([label, value]) => `${label}: ${value}`).join('\n'),
    ]),
    help.link ? `${help.text} ${help.link.text}` : help.text,
    ...(name === undefined ? [] : [name]),
  ]
  return `${paragraphs.join('\n\n')}\n`
}

/** A line break in a name must not start another line of the text or another header. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
}
