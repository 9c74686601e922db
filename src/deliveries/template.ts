/** What a buyer reads: the same sentences as plain text and as HTML, in which everything from outside is escaped. */
import { html } from 'hono/html'

export interface KeysEmailContent {
  readonly ownerName: string
  readonly productName: string
  /** undefined: there is none to tell. */
  readonly orderId: string | undefined
  /** At least one. */
  readonly licenseKeys: readonly string[]
}

export interface ComposedEmail {
  readonly subject: string
  readonly text: string
  readonly html: string
}

export async function keysEmail(content: KeysEmailContent): Promise<ComposedEmail> {
  const { licenseKeys } = content
  const productName = oneLine(content.productName)
  const noun = licenseKeys.length === 1 ? 'license key' : 'license keys'
  const subject = `Your ${noun} for ${productName}`
  const greeting = `Hello ${oneLine(content.ownerName)},`
  const introduction = `thank you for your order. Here ${licenseKeys.length === 1 ? 'is' : 'are'} your ${noun} for ${productName}:`
  const order = content.orderId === undefined ? '' : `Order: ${oneLine(content.orderId)}`

  const paragraphs = [greeting, introduction, licenseKeys.map((key) => `    ${key}`).join('\n'), order]
  const markup = await html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${subject}</title></head>
<body style="font-family: sans-serif">
<p>${greeting}</p>
<p>${introduction}</p>
<ul>${licenseKeys.map((key) => html`<li><code>${key}</code></li>`)}</ul>
${order && html`<p>${order}</p>`}
</body>
</html>
`
  return {
    subject,
    text: `${paragraphs.filter((paragraph) => paragraph !== '').join('\n\n')}\n`,
    html: markup.toString(),
  }
}

/** A line break in a name must not begin another line of the text, or of the message's head. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
}
