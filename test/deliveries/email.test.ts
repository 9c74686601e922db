import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Branding } from '../../src/deliveries/branding.ts'
import type { DeliveredKey, IssuanceContents } from '../../src/deliveries/contents.ts'
import { deliver } from '../../src/deliveries/deliver.ts'
import { composeEmail } from '../../src/deliveries/email-message.ts'
import type { Bindings } from '../../src/platform/settings.ts'
import { addDelivery, deliveryRow, type TestDelivery } from '../support/delivery.ts'
import { failureLines } from '../support/log.ts'
import { requestsTo } from '../support/outbound.ts'

/** Passes every message to the platform's simulation of e-mail, or rejects it. */
function mailbox(failure?: Error): { readonly email: SendEmail; readonly sent: EmailMessageBuilder[] } {
  const sent: EmailMessageBuilder[] = []
  const email: SendEmail = {
    send(message: EmailMessage | EmailMessageBuilder) {
      sent.push(message as EmailMessageBuilder)
      return failure ? Promise.reject(failure) : env.EMAIL.send(message as EmailMessageBuilder)
    },
  }
  return { email, sent }
}

function bindingsWith(email: SendEmail, settings: object = {}): Bindings {
  return { ...env, EMAIL: email, EMAIL_FROM: 'keys@example.com', ...settings }
}

/** Sends the delivery, which must succeed, and returns the e-mail. */
async function send(delivery: TestDelivery, settings?: object) {
  const { email, sent } = mailbox()
  expect(await deliver(bindingsWith(email, settings), delivery.id, Date.now())).toEqual({ kind: 'done' })
  expect(sent).toHaveLength(1)
  const { text = '', html = '', ...head } = sent[0] as EmailMessageBuilder
  return { text, html, head }
}

async function sendNew(options: Parameters<typeof addDelivery>[0], settings?: object) {
  const delivery = await addDelivery({ channel: 'email', ...options })
  return { delivery, ...(await send(delivery, settings)) }
}

/** @param columns SQL, the assignments */
async function changeKey(licenseKey: string | undefined, columns: string): Promise<void> {
  await env.DB.prepare(`update license_keys set ${columns} where license_key = ?`).bind(licenseKey).run()
}

const BRANDED = {
  SELLER_NAME: 'Example & Sons',
  SELLER_LOGO_URL: 'https://example.com/logo.png?a=1&b=2',
  SELLER_COLOR: '#1a73e8',
  SELLER_SUPPORT: 'support@example.com',
}

describe('the e-mail to the buyer', () => {
  it('contains keys, terms, product and order, as text and as HTML', async () => {
    const { delivery, text, html, head } = await sendNew({ productName: 'Sketch' })
    expect(head).toEqual({
      from: 'keys@example.com',
      to: 'ada@example.com',
      subject: 'Your license keys for Sketch',
      headers: { 'X-Keyseal-Delivery': delivery.name },
    })
    const parts = [...delivery.licenseKeys, 'Ada Lovelace', 'Sketch', delivery.orderId]
    for (const part of [...parts, 'Valid until', 'Nov 1, 2027', 'Devices', '3 for each key']) {
      expect(text).toContain(part)
      expect(html).toContain(part)
    }
    expect(await deliveryRow(delivery)).toMatchObject({
      status: 'delivered',
      attempts: 1,
      last_result: 'accepted',
    })
    expect(await requestsTo(delivery.url)).toEqual([])
  })

  it('has this text for one key without an order and without branding', async () => {
    const { delivery, text, head } = await sendNew({ quantity: 1, hasOrder: false })
    expect(head.subject).toBe('Your license key for App')
    expect(text).toBe(`Hello Ada Lovelace,

Thank you for your order. Here is your license key for App:

    ${delivery.licenseKeys[0]}

Valid until: Nov 1, 2027
Devices: 3

Questions? Reply to this e-mail.
`)
  })

  it('has this text for several keys with an order and branding', async () => {
    const { delivery, text, head } = await sendNew({}, BRANDED)
    expect(text).toBe(`Hello Ada Lovelace,

Thank you for your order. Here are your license keys for App:

${delivery.licenseKeys.map((key) => `    ${key}`).join('\n')}

Valid until: Nov 1, 2027
Devices: 3 for each key
Order: ${delivery.orderId}

Questions? Write to support@example.com

Example & Sons
`)
    expect(head).toMatchObject({
      from: { name: 'Example & Sons', email: 'keys@example.com' },
      replyTo: 'support@example.com',
    })
  })

  it('states that a key does not expire or has no device limit', async () => {
    const delivery = await addDelivery({ channel: 'email', quantity: 1 })
    await changeKey(delivery.licenseKeys[0], 'validity_days = 0, activation_limit = 0')
    const { text, html } = await send(delivery)
    expect(text).toContain('\nValidity: Does not expire\nDevices: Unlimited\n')
    expect(html).toContain('Does not expire')
    expect(html).toContain('Unlimited')
  })

  it('lists keys with different terms separately', async () => {
    const delivery = await addDelivery({ channel: 'email', quantity: 3, hasOrder: false })
    const [first, second, third] = delivery.licenseKeys
    await changeKey(second, 'validity_days = 730, activation_limit = 5')
    const { text } = await send(delivery)
    expect(text).toContain(`
    ${first}
    ${third}

Valid until: Nov 1, 2027
Devices: 3 for each key

    ${second}

Valid until: Oct 31, 2028
Devices: 5
`)
  })

  it('contains the order number that a Lemon Squeezy shop shows', async () => {
    const delivery = await addDelivery({ channel: 'email' })
    await env.DB.prepare(
      `update order_lines set provider = 'lemon-squeezy', order_id = 'order:4711' where issuance_id = ?`,
    )
      .bind(delivery.issuanceId)
      .run()
    expect((await send(delivery)).text).toContain('\nOrder: 4711\n')
  })

  it('omits keys that were blocked before it was sent', async () => {
    const delivery = await addDelivery({ channel: 'email' })
    await changeKey(delivery.licenseKeys[0], `status = 'blocked'`)
    const { text, html } = await send(delivery)
    for (const part of [text, html]) {
      expect(part).not.toContain(delivery.licenseKeys[0])
      expect(part).toContain(delivery.licenseKeys[1])
    }
  })

  it('has the sender name of EMAIL_FROM, or SELLER_NAME by default', async () => {
    const settings = { ...BRANDED, EMAIL_FROM: '"Example Ltd." <keys@example.com>' }
    expect((await sendNew({}, settings)).head.from).toEqual({
      name: 'Example Ltd.',
      email: 'keys@example.com',
    })
    expect((await sendNew({}, BRANDED)).head.from).toEqual({
      name: 'Example & Sons',
      email: 'keys@example.com',
    })
  })
})

describe('the HTML of the e-mail', () => {
  it('shows the logo, and the name if images are blocked', async () => {
    const { html } = await sendNew({}, BRANDED)
    expect(html).toContain('src="https://example.com/logo.png?a=1&amp;b=2" alt="Example &amp; Sons"')
    expect(html.replaceAll(/<img[^>]*>/g, '')).toContain('>Example &amp; Sons</td>')
    expect(html).toContain('border-top: 4px solid #1a73e8')
    expect(html).toContain('href="mailto:support@example.com"')
  })

  it('links to the support page', async () => {
    const { html, text, head } = await sendNew({}, { SELLER_SUPPORT: 'https://example.com/help?a=1&b=2' })
    expect(html).toContain('href="https://example.com/help?a=1&amp;b=2"')
    expect(text).toContain('\nQuestions? Get help at https://example.com/help?a=1&b=2\n')
    expect(head.replyTo).toBeUndefined()
  })

  it('escapes names, in text and in attributes', async () => {
    const maliciousName = `<script>alert("1")</script>&'`
    const { html, text, head } = await sendNew(
      { ownerName: maliciousName, productName: '<img src=x onerror=alert(1)>' },
      { ...BRANDED, SELLER_NAME: `"><script>'`, SELLER_SUPPORT: "o'b@example.com" },
    )
    expect(html).not.toMatch(/<script|<img src=x/)
    expect(html).toContain('Hello &lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;,')
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;')
    expect(html).toContain('alt="&quot;&gt;&lt;script&gt;&#39;"')
    expect(html).toContain('mailto:o&#39;b@example.com')
    expect(text).toContain(`Hello ${maliciousName},`)
    expect(head.subject).toBe('Your license keys for <img src=x onerror=alert(1)>')
  })

  it('keeps subject and greeting on one line', async () => {
    const { text, head } = await sendNew({
      ownerName: 'Ada\r\n\r\nBuy at',
      productName: 'App\r\nBcc: everybody@example.com',
    })
    expect(head.subject).toBe('Your license keys for App Bcc: everybody@example.com')
    expect(text.split('\n')[0]).toBe('Hello Ada Buy at,')
  })

  it('loads only the logo, and supports dark mode', async () => {
    const { html } = await sendNew({}, BRANDED)
    expect(html.match(/src=|url\(|@import|<link/g)).toEqual(['src='])
    expect(html).toContain('<meta name="color-scheme" content="light dark">')
    expect(html).toContain('@media (prefers-color-scheme: dark)')
  })
})

describe('the size of the e-mail', () => {
  const branding: Branding = { name: 'X', logoUrl: undefined, color: '#1a73e8', support: undefined }
  const contents = { productName: 'App', ownerName: 'Ada', order: null, issuedAt: 0 } as IssuanceContents

  function sizesWith(keysCount: number) {
    const keys = Array.from({ length: keysCount }, (_, id): DeliveredKey => {
      const terms = { activationLimit: 3, validityDays: 365, updatedAt: 0, expiresAt: 365 * 86_400_000 }
      return { id, licenseKey: crypto.randomUUID(), status: 'assigned', ...terms }
    })
    const { text, html } = composeEmail(contents, keys, branding)
    for (const { licenseKey } of keys)
      expect(text.includes(licenseKey) && html.includes(licenseKey)).toBe(true)
    return { html: html.length, both: text.length + html.length }
  }

  it('stays below the 102 kB that Gmail shows, with 1,000 keys', () => {
    expect(sizesWith(1_000).html).toBeLessThan(102_000)
  })

  it('stays far below the 5 MiB limit of the Email Service, with 10,000 keys', () => {
    expect(sizesWith(10_000).both).toBeLessThan(1_000_000)
  })
})

describe('no e-mail is sent', () => {
  it('if all keys are blocked, and the delivery is canceled', async () => {
    const delivery = await addDelivery({ channel: 'email' })
    for (const licenseKey of delivery.licenseKeys) await changeKey(licenseKey, `status = 'blocked'`)
    const { email, sent } = mailbox()
    expect(await deliver(bindingsWith(email), delivery.id, Date.now())).toEqual({ kind: 'done' })
    expect(sent).toEqual([])
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'cancelled' })
  })

  it('without EMAIL_FROM, and the result names the setting', async () => {
    const delivery = await addDelivery({ channel: 'email' })
    const { email, sent } = mailbox()
    const bindings = bindingsWith(email, { EMAIL_FROM: undefined })
    expect(await deliver(bindings, delivery.id, Date.now())).toEqual({ kind: 'retry', delaySeconds: 10 })
    expect(sent).toEqual([])
    const message = expect.stringMatching(/^EMAIL_FROM is not set\. .*EMAIL_FROM/)
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'pending', last_result: message })
    expect(failureLines()).toMatchObject([{ error: 'SettingError', message }])
  })

  it('without a binding or an API key, and the result names the setting', async () => {
    const delivery = await addDelivery({ channel: 'email' })
    const bindings = { ...env, EMAIL: undefined, EMAIL_FROM: 'keys@example.com' }
    await deliver(bindings, delivery.id, Date.now())
    expect((await deliveryRow(delivery)).last_result).toMatch(/^EMAIL is not bound/)
  })
})

describe('an e-mail that the Email Service refuses', () => {
  it.each([
    [
      Object.assign(new Error('ada@example.com is not welcome'), { code: 'E_RATE_LIMIT_EXCEEDED' }),
      'E_RATE_LIMIT_EXCEEDED',
    ],
    [Object.assign(new Error('no'), { code: 'ada@example.com' }), 'not accepted'],
    [new Error('ada@example.com is not welcome'), 'not accepted'],
  ])('is retried, and neither its row nor the log contains its address (%#)', async (failure, result) => {
    const delivery = await addDelivery({ channel: 'email' })
    const { email } = mailbox(failure)
    const now = Date.now()
    expect(await deliver(bindingsWith(email), delivery.id, now)).toEqual({ kind: 'retry', delaySeconds: 10 })
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'pending', attempts: 1, last_result: result })
    expect(JSON.stringify(failureLines())).not.toContain('ada@')

    const { email: open, sent } = mailbox()
    expect(await deliver(bindingsWith(open), delivery.id, now + 10_000)).toEqual({ kind: 'done' })
    expect(sent[0]?.headers).toEqual({ 'X-Keyseal-Delivery': delivery.name })
  })
})
