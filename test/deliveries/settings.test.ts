import { createMessageBatch, createScheduledController } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import worker from '../../src/index.ts'
import { SettingError } from '../../src/platform/settings.ts'
import type { Message } from '../../src/queue/messages.ts'
import { checkAllSettings } from '../../src/settings.ts'
import { addDelivery, deliveryRow } from '../support/delivery.ts'

const WEBHOOK_SECRET = `whsec_${btoa('x'.repeat(32))}`
const EMAIL_FROM = 'keys@example.com'

/** @returns the message of the SettingError, or undefined if the settings are accepted */
function errorFor(bindings: object): string | undefined {
  try {
    checkAllSettings({ ...env, DELIVERY_WEBHOOK_SECRET: undefined, ...bindings })
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(SettingError)
    return (error as SettingError).message
  }
}

describe('the Worker accepts', () => {
  it.each([
    ['no settings', {}],
    ['empty settings', { DELIVERY_WEBHOOK_URL: '', EMAIL_FROM: ' ', RESEND_API_KEY: '', SELLER_NAME: ' ' }],
    [
      'an https URL and a secret',
      { DELIVERY_WEBHOOK_URL: 'https://example.com/', DELIVERY_WEBHOOK_SECRET: WEBHOOK_SECRET },
    ],
    [
      'a local URL in local development',
      {
        DELIVERY_WEBHOOK_URL: 'http://localhost:3000/',
        DELIVERY_WEBHOOK_SECRET: WEBHOOK_SECRET,
        LOCAL_DEVELOPMENT: 'true',
      },
    ],
    ['a sender address', { EMAIL_FROM }],
    ['a sender name and address', { EMAIL_FROM: 'Example Ltd. <keys@example.com>' }],
    ['an API key in place of the binding', { EMAIL_FROM, RESEND_API_KEY: 're_1', EMAIL: undefined }],
    [
      'a name, a color and a support address',
      { SELLER_NAME: 'X', SELLER_COLOR: '#1A73e8', SELLER_SUPPORT: EMAIL_FROM },
    ],
    ['a support page', { SELLER_SUPPORT: 'https://example.com/help?a=1#b' }],
    ['a logo and a name', { SELLER_NAME: 'X', SELLER_LOGO_URL: 'https://example.com/logo.png' }],
    [
      'a logo and a sender name',
      { EMAIL_FROM: 'Example <keys@example.com>', SELLER_LOGO_URL: 'https://example.com/logo.png' },
    ],
    // It is checked when it signs. It must not stop the service from issuing license keys.
    ['any webhook secret', { DELIVERY_WEBHOOK_SECRET: 'junk' }],
  ])('%s', (_, bindings) => {
    expect(errorFor(bindings)).toBeUndefined()
  })
})

describe('a wrong setting is rejected by name, without its value:', () => {
  const PRIVATE_URLS = [
    'http://shop.example/',
    'https://localhost/',
    'https://127.0.0.1/',
    'https://10.0.0.1/',
    'https://user:secret@shop.example/',
    'shop.example',
  ]

  it.each<[setting: string, values: readonly string[], fault: RegExp, others?: object]>([
    [
      'DELIVERY_WEBHOOK_URL',
      PRIVATE_URLS,
      /is not an https address of a public host/,
      { DELIVERY_WEBHOOK_SECRET: WEBHOOK_SECRET },
    ],
    [
      'EMAIL_FROM',
      [
        'keys',
        '@example.com',
        'Keys <keys>',
        'keys@example.com, other@example.com',
        '<>',
        'A\tB <keys@example.com>',
      ],
      /is neither an e-mail address nor a name followed by one in angle brackets/,
    ],
    [
      'RESEND_API_KEY',
      ['re_1 re_2', 're_1\nre_2', 're_\u00fc', 'x'.repeat(501)],
      /is not one line of printable characters without spaces/,
      { EMAIL_FROM },
    ],
    ['SELLER_NAME', ['A\nB', 'x'.repeat(101)], /is not one line of at most 100 characters/],
    [
      'SELLER_LOGO_URL',
      [...PRIVATE_URLS, `https://example.com/${'x'.repeat(2_000)}`],
      /is not an https URL of a public host/,
      { SELLER_NAME: 'X' },
    ],
    [
      'SELLER_COLOR',
      ['crimson', '#fff', '1a73e9', '#1a73e8;', '#1a73e8ff', '#1a73eg'],
      /is not a color such as #1a73e8/,
    ],
    [
      'SELLER_SUPPORT',
      [...PRIVATE_URLS, 'tel:123', 'javascript:alert(1)'],
      /is neither an e-mail address nor an https URL of a public host/,
    ],
  ])('%s', (setting, values, fault, others) => {
    for (const value of values) {
      const error = errorFor({ ...others, [setting]: value })
      expect(error).toMatch(fault)
      expect(error).toMatch(new RegExp(`^${setting} .*: .*${setting}`))
      expect(error).not.toContain(value)
    }
  })

  it('DELIVERY_WEBHOOK_SECRET, if it is missing for DELIVERY_WEBHOOK_URL', () => {
    expect(errorFor({ DELIVERY_WEBHOOK_URL: 'https://example.com/' })).toMatch(
      /^DELIVERY_WEBHOOK_SECRET is not set, and DELIVERY_WEBHOOK_URL is\. .*: .*DELIVERY_WEBHOOK_SECRET$/,
    )
  })

  it('EMAIL, if it is missing for EMAIL_FROM and no API key is set', () => {
    expect(errorFor({ EMAIL_FROM, EMAIL: undefined })).toMatch(
      /^EMAIL is not bound, and EMAIL_FROM is set without RESEND_API_KEY\. .*secret put RESEND_API_KEY/,
    )
  })

  it('EMAIL_FROM, if it is missing for RESEND_API_KEY', () => {
    expect(errorFor({ RESEND_API_KEY: 're_1' })).toMatch(
      /^EMAIL_FROM is not set, and RESEND_API_KEY is\. .*EMAIL_FROM/,
    )
  })

  it('SELLER_NAME, if it is missing for SELLER_LOGO_URL', () => {
    expect(errorFor({ EMAIL_FROM, SELLER_LOGO_URL: 'https://example.com/logo.png' })).toMatch(
      /^SELLER_NAME is not set, and SELLER_LOGO_URL is\. .*SELLER_NAME/,
    )
  })
})

it('the queue and cron handlers do nothing while a setting is wrong', async () => {
  const delivery = await addDelivery()
  const bindings = { ...env, EMAIL_FROM: 'keys' }
  const body: Message = { kind: 'delivery', id: delivery.id }
  const batch = createMessageBatch('keyseal-deliveries', [
    { id: 'm', timestamp: new Date(), attempts: 1, body },
  ])
  await expect(worker.queue(batch, bindings)).rejects.toThrow(SettingError)
  const controller = createScheduledController({ cron: '* * * * *' })
  await expect(worker.scheduled(controller, bindings)).rejects.toThrow(SettingError)
  expect(await deliveryRow(delivery)).toMatchObject({ status: 'pending', attempts: 0, last_result: null })
})
