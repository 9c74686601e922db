import { createMessageBatch, createScheduledController } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { checkAllSettings } from '../../src/app.ts'
import worker from '../../src/index.ts'
import { SettingError } from '../../src/platform/settings.ts'
import type { Message } from '../../src/queue/messages.ts'
import { addDelivery, deliveryRow } from '../support/delivery.ts'

const SECRET = `whsec_${btoa('x'.repeat(32))}`

/** What is wrong with these settings. */
function faultIn(bindings: object): string | undefined {
  try {
    checkAllSettings({ ...env, DELIVERY_WEBHOOK_SECRET: undefined, ...bindings })
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(SettingError)
    return (error as SettingError).message
  }
}

describe('settings of deliveries that are right:', () => {
  it.each([
    ['none at all', {}],
    ['empty ones', { DELIVERY_WEBHOOK_URL: '', EMAIL_FROM: ' ' }],
    [
      'an https address and a secret',
      { DELIVERY_WEBHOOK_URL: 'https://example.com/', DELIVERY_WEBHOOK_SECRET: SECRET },
    ],
    [
      'a local address in local development',
      {
        DELIVERY_WEBHOOK_URL: 'http://localhost:3000/',
        DELIVERY_WEBHOOK_SECRET: SECRET,
        LOCAL_DEVELOPMENT: 'true',
      },
    ],
    ['an address to send from', { EMAIL_FROM: 'keys@example.com' }],
    ['a name and an address to send from', { EMAIL_FROM: 'Example Ltd. <keys@example.com>' }],
    // Whatever it is: it must not keep anybody from issuing license keys.
    ['any webhook secret', { DELIVERY_WEBHOOK_SECRET: 'junk' }],
  ])('%s', (_, bindings) => {
    expect(faultIn(bindings)).toBeUndefined()
  })
})

describe('a setting that is wrong is named, with what mends it and without its value:', () => {
  it.each([
    'http://example.com/',
    'https://localhost/',
    'https://127.0.0.1/',
    'https://10.0.0.1/',
    'https://user:secret@example.com/',
    'example.com',
  ])('DELIVERY_WEBHOOK_URL = "%s"', (url) => {
    const fault = faultIn({ DELIVERY_WEBHOOK_URL: url, DELIVERY_WEBHOOK_SECRET: SECRET })
    expect(fault).toMatch(
      /^DELIVERY_WEBHOOK_URL is not an https address of a public host\. To fix it: .*DELIVERY_WEBHOOK_URL$/,
    )
    expect(fault).not.toContain(url)
  })

  it('DELIVERY_WEBHOOK_SECRET, where DELIVERY_WEBHOOK_URL is set without it', () => {
    expect(faultIn({ DELIVERY_WEBHOOK_URL: 'https://example.com/' })).toMatch(
      /^DELIVERY_WEBHOOK_SECRET is not set, and DELIVERY_WEBHOOK_URL is\. To fix it: .*DELIVERY_WEBHOOK_SECRET$/,
    )
  })

  it.each(['keys', '@example.com', 'Keys <keys>', 'keys@example.com, other@example.com', '<>'])(
    'EMAIL_FROM = "%s"',
    (from) => {
      expect(faultIn({ EMAIL_FROM: from })).toMatch(
        /^EMAIL_FROM is not an e-mail address.* To fix it: .*EMAIL_FROM/,
      )
    },
  )

  it('EMAIL, where EMAIL_FROM is set and nothing is bound', () => {
    expect(faultIn({ EMAIL_FROM: 'keys@example.com', EMAIL: undefined })).toMatch(
      /^EMAIL is not bound, and EMAIL_FROM is set\. To fix it: /,
    )
  })
})

it('while a setting is wrong, the queue and the cron do nothing, and no attempt is counted', async () => {
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
