import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { deliver } from '../../src/deliveries/deliver.ts'
import type { Bindings } from '../../src/platform/settings.ts'
import { addDelivery, deliveryRow, type TestDelivery } from '../support/delivery.ts'
import { failureLines } from '../support/log.ts'
import { requestsTo } from '../support/outbound.ts'

/** What was handed to the platform's simulation of e-mail, which takes or refuses it. */
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

/** As where e-mail is set up. */
function sendingTo(email: SendEmail, emailFrom: string | undefined = 'keys@example.com'): Bindings {
  return { ...env, EMAIL: email, EMAIL_FROM: emailFrom }
}

async function sentFor(options: Parameters<typeof addDelivery>[0]) {
  const delivery = await addDelivery({ channel: 'email', ...options })
  const { email, sent } = mailbox()
  expect(await deliver(sendingTo(email), delivery.id, Date.now())).toEqual({ kind: 'done' })
  expect(sent).toHaveLength(1)
  const { text = '', html = '', ...head } = sent[0] as EmailMessageBuilder
  return { delivery, text, html, head }
}

async function block({ licenseKeys }: TestDelivery, count: number): Promise<void> {
  for (const licenseKey of licenseKeys.slice(0, count)) {
    await env.DB.prepare(`update license_keys set status = 'blocked' where license_key = ?`)
      .bind(licenseKey)
      .run()
  }
}

describe('the e-mail to the buyer', () => {
  it('brings the keys, the product and the order, as text and as HTML', async () => {
    const { delivery, text, html, head } = await sentFor({ productName: 'Sketch' })
    expect(head).toEqual({
      from: 'keys@example.com',
      to: 'ada@example.com',
      subject: 'Your license keys for Sketch',
      headers: { 'X-Keyseal-Delivery': delivery.name },
    })
    for (const part of [...delivery.licenseKeys, 'Ada Lovelace', 'Sketch', delivery.orderId]) {
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

  it('reads well, for one key and without an order', async () => {
    const { delivery, text, head } = await sentFor({ quantity: 1, isOrdered: false })
    expect(head.subject).toBe('Your license key for App')
    expect(text).toBe(
      `Hello Ada Lovelace,\n\nthank you for your order. Here is your license key for App:\n\n    ${delivery.licenseKeys[0]}\n`,
    )
  })

  it('escapes in HTML whatever comes from outside', async () => {
    const evil = `<script>alert("1")</script>&'`
    const { html, text, head } = await sentFor({
      ownerName: evil,
      productName: `<img src=x onerror=alert(1)>`,
    })
    expect(html).not.toMatch(/<script|<img/)
    expect(html).toContain('Hello &lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;,')
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;')
    expect(text).toContain(`Hello ${evil},`)
    expect(head.subject).toBe('Your license keys for <img src=x onerror=alert(1)>')
  })

  it('has a subject and a greeting of one line, whatever the names are', async () => {
    const { text, head } = await sentFor({
      ownerName: 'Ada\r\n\r\nBuy at',
      productName: 'App\r\nBcc: everybody@example.com',
    })
    expect(head.subject).toBe('Your license keys for App Bcc: everybody@example.com')
    expect(text.split('\n')[0]).toBe('Hello Ada Buy at,')
  })

  it('comes from a name, where EMAIL_FROM holds one', async () => {
    const delivery = await addDelivery({ channel: 'email' })
    const { email, sent } = mailbox()
    await deliver(sendingTo(email, '"Example Ltd." <keys@example.com>'), delivery.id, Date.now())
    expect(sent[0]?.from).toEqual({ name: 'Example Ltd.', email: 'keys@example.com' })
  })

  it('leaves out the keys that were blocked before it was sent', async () => {
    const delivery = await addDelivery({ channel: 'email' })
    await block(delivery, 1)
    const { email, sent } = mailbox()
    await deliver(sendingTo(email), delivery.id, Date.now())
    expect(sent[0]?.text).not.toContain(delivery.licenseKeys[0])
    expect(sent[0]?.text).toContain(delivery.licenseKeys[1])
  })
})

describe('no e-mail is sent', () => {
  it('where all of its keys are blocked; the delivery is cancelled', async () => {
    const delivery = await addDelivery({ channel: 'email' })
    await block(delivery, 2)
    const { email, sent } = mailbox()
    expect(await deliver(sendingTo(email), delivery.id, Date.now())).toEqual({ kind: 'done' })
    expect(sent).toEqual([])
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'cancelled' })
  })

  it('unless EMAIL_FROM is set, and the delivery tells it', async () => {
    const delivery = await addDelivery({ channel: 'email' })
    const { email, sent } = mailbox()
    const bindings = { ...env, EMAIL: email, EMAIL_FROM: undefined }
    expect(await deliver(bindings, delivery.id, Date.now())).toEqual({ kind: 'retry', delaySeconds: 10 })
    expect(sent).toEqual([])
    const message = expect.stringMatching(/^EMAIL_FROM is not set\. To fix it: /)
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'pending', last_result: message })
    expect(failureLines()).toMatchObject([{ error: 'SettingError', message }])
  })

  it('where nothing is bound to send it, and the delivery tells it', async () => {
    const delivery = await addDelivery({ channel: 'email' })
    await deliver({ ...env, EMAIL: undefined, EMAIL_FROM: 'keys@example.com' }, delivery.id, Date.now())
    expect((await deliveryRow(delivery)).last_result).toMatch(/^EMAIL is not bound/)
  })
})

describe('an e-mail that the platform refuses', () => {
  it.each([
    [
      Object.assign(new Error('ada@example.com is not welcome'), { code: 'E_RATE_LIMIT_EXCEEDED' }),
      'E_RATE_LIMIT_EXCEEDED',
    ],
    [Object.assign(new Error('no'), { code: 'ada@example.com' }), 'not accepted'],
    [new Error('ada@example.com is not welcome'), 'not accepted'],
  ])('is sent again, and its address is in neither row nor log (%#)', async (failure, result) => {
    const delivery = await addDelivery({ channel: 'email' })
    const { email } = mailbox(failure)
    const now = Date.now()
    expect(await deliver(sendingTo(email), delivery.id, now)).toEqual({ kind: 'retry', delaySeconds: 10 })
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'pending', attempts: 1, last_result: result })
    expect(JSON.stringify(failureLines())).not.toContain('ada@')

    const { email: open, sent } = mailbox()
    expect(await deliver(sendingTo(open), delivery.id, now + 10_000)).toEqual({ kind: 'done' })
    expect(sent[0]?.headers).toEqual({ 'X-Keyseal-Delivery': delivery.name })
  })
})
