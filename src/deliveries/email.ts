/**
 * The e-mail to the buyer: the keys that can be used, what they are for, and the order. The plain text and the HTML have
 * the same sentences, and everything from outside is escaped.
 */
import { html } from 'hono/html'
import { type Bindings, settingError } from '../platform/settings.ts'
import { deliveryName, type IssuanceContents } from './contents.ts'
import type { Sent } from './post.ts'
import { deliverySettings } from './settings.ts'

/** @throws SettingError where there is no sender, or no binding that sends */
export async function sendEmail(env: Bindings, contents: IssuanceContents): Promise<Sent> {
  const { sender, email } = deliverySettings(env)
  if (sender === undefined) throw settingError('EMAIL_FROM', 'is not set')
  if (email === undefined) throw settingError('EMAIL', 'is not bound')
  const licenseKeys = contents.keys
    .filter(({ status }) => status === 'assigned')
    .map(({ licenseKey }) => licenseKey)
  if (licenseKeys.length === 0) return { kind: 'cancelled', result: 'no key is of use any more' }

  const message = await compose(contents, licenseKeys)
  // The platform chooses the Message-ID, so this header identifies an e-mail that arrives twice.
  const headers = { 'X-Keyseal-Delivery': deliveryName(contents) }
  try {
    await email.send({ from: sender, to: contents.ownerEmail, ...message, headers })
    return { kind: 'delivered', result: 'accepted' }
  } catch (error) {
    return { kind: 'not-delivered', result: refusalIn(error) }
  }
}

/** The platform's code, such as `E_RATE_LIMIT_EXCEEDED`. Its message may contain the address. */
function refusalIn(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^E_[A-Z_]+$/.test(code) ? code : 'not accepted'
}

/** @param licenseKeys at least one */
async function compose(contents: IssuanceContents, licenseKeys: readonly string[]) {
  const productName = oneLine(contents.productName)
  const noun = licenseKeys.length === 1 ? 'license key' : 'license keys'
  const subject = `Your ${noun} for ${productName}`
  const greeting = `Hello ${oneLine(contents.ownerName)},`
  const introduction = `thank you for your order. Here ${licenseKeys.length === 1 ? 'is' : 'are'} your ${noun} for ${productName}:`
  const order = contents.order ? `Order: ${oneLine(contents.order.id)}` : ''

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

/** A line break in a name must not begin another line of the text or another header. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
}
