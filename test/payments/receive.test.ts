/** The guarantees for every payment provider, tested with its events against the whole Worker. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { PROVIDER_SAMPLES, type ProviderSamples } from '../../scripts/webhook-samples/index.ts'
import { webhookSecretName } from '../../src/payments/settings.ts'
import { DAY_MILLISECONDS } from '../../src/protocol/dates.ts'
import { isSignedBy, readEnvelope, send } from '../support/client.ts'
import { failureLines, logText } from '../support/log.ts'
import { failWith, observe } from '../support/observed-database.ts'
import { deliver, outcomeOf } from '../support/provider-webhook.ts'
import { capturingQueue } from '../support/queued-order.ts'
import { addOffer, deliveriesOf, type KeyState, keysOf, type Offer } from '../support/sales.ts'

/** Numeric, because Lemon Squeezy requires it. */
let orders = 1_000_000
const newOrder = () => String(orders++)

/** The providers whose events contain their mode. */
const EVENTS_WITH_MODE = ['creem', 'fastspring', 'lemon-squeezy', 'shopify', 'standard', 'stripe']
/** The providers whose events have no id, so that their body identifies them. */
const EVENTS_WITHOUT_ID = ['lemon-squeezy', 'woocommerce']

const EXTERNAL_ID = 'price_of_the_battery'
const offers = new Map<string, Offer>()
for (const { provider } of PROVIDER_SAMPLES) {
  offers.set(provider, await addOffer({ provider, externalId: EXTERNAL_ID, validityDays: 30 }))
}

async function databaseContents(): Promise<string> {
  const tables = [
    'webhook_events',
    'issuances',
    'license_keys',
    'order_lines',
    'reversals',
    'paid_periods',
    'subscription_reports',
    'deliveries',
  ]
  const results = await env.DB.batch(tables.map((table) => env.DB.prepare(`select * from ${table}`)))
  return JSON.stringify(results.map(({ results: rows }) => rows))
}

describe.each(PROVIDER_SAMPLES.map((samples) => [samples.provider, samples] as const))(
  '%s:',
  (provider, samples) => {
    const order = (changes: object = {}) => ({
      order: newOrder(),
      externalId: EXTERNAL_ID,
      now: Date.now(),
      ...changes,
    })
    const keys = (o: ReturnType<typeof order>): Promise<KeyState[]> => keysOf(samples.orderName(o), provider)
    const statuses = async (o: ReturnType<typeof order>) => (await keys(o)).map(({ status }) => status)

    /** Sends a purchase and its related events. */
    async function sell(o: ReturnType<typeof order>): Promise<void> {
      expect(await outcomeOf(samples, samples.purchase(o))).toBe('issued')
      for (const event of samples.relatedEvents?.(o) ?? []) await outcomeOf(samples, event)
    }

    it('a purchase issues keys in one round trip and returns a signed response', async () => {
      const o = order()
      const { db, roundTrips } = observe(env.DB)
      const answer = await deliver(samples, samples.purchase(o), { bindings: { DB: db } })
      expect(answer.response).toMatchObject({ code: 2200, outcome: 'issued' })
      expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, answer)).toBe(true)
      expect(roundTrips).toHaveLength(1)
      expect(await keys(o)).toEqual([
        {
          line: expect.any(String),
          status: 'assigned',
          validityDays: 30,
          expiresAt: null,
          productId: expect.any(Number),
          activationLimit: 3,
          ownerName: 'Ada Lovelace',
          ownerEmail: 'ada@example.com',
        },
      ])
    })

    it('a purchase that is redelivered or resent manually issues nothing more', async () => {
      const o = order()
      const event = samples.purchase(o)
      expect(await outcomeOf(samples, event)).toBe('issued')
      const before = await databaseContents()
      expect(await outcomeOf(samples, event)).toBe('issued')
      expect(await databaseContents()).toBe(before)
      await outcomeOf(samples, samples.purchase(o))
      expect(await keys(o)).toHaveLength(1)
    })

    it('a redelivered refund keeps its outcome and changes nothing', async () => {
      const o = order()
      await sell(o)
      const event = samples.refund(o)
      expect(await outcomeOf(samples, event)).toBe('revoked')
      const before = await databaseContents()
      expect(await outcomeOf(samples, event)).toBe('revoked')
      expect(await databaseContents()).toBe(before)
    })

    it.skipIf(EVENTS_WITHOUT_ID.includes(provider))(
      'an event is identified by its id, even if its body changes',
      async () => {
        const o = order({ eventId: crypto.randomUUID() })
        expect(await outcomeOf(samples, samples.purchase(o))).toBe('issued')
        const before = await databaseContents()
        expect(await outcomeOf(samples, samples.purchase({ ...o, name: 'Grace Hopper' }))).toBe('issued')
        expect(await databaseContents()).toBe(before)
      },
    )

    it('twenty concurrent deliveries of a purchase issue it once', async () => {
      const o = order()
      const events = Array.from({ length: 5 }, () => samples.purchase(o))
      const deliveries = Array.from({ length: 20 }, (_, index) => events[index % 5] ?? samples.purchase(o))
      await Promise.all(deliveries.map((event) => outcomeOf(samples, event)))
      expect(await keys(o)).toHaveLength(1)
    })

    it('a refund blocks the keys, even if it arrives before the sale', async () => {
      const [after, before] = [order(), order()]
      await sell(after)
      expect(await outcomeOf(samples, samples.refund(after))).toBe('revoked')
      expect(await statuses(after)).toEqual(['blocked'])
      expect(await outcomeOf(samples, samples.refund(before))).toBe('revoked')
      await sell(before)
      expect(await statuses(before)).toEqual(['blocked'])
    })

    it.skipIf(!samples.partialRefund)(
      'a partial refund without lines is flagged and blocks nothing',
      async () => {
        const o = order()
        await sell(o)
        const event = samples.partialRefund?.(o)
        expect(event && (await outcomeOf(samples, event))).toBe('flagged')
        expect(await statuses(o)).toEqual(['assigned'])
      },
    )

    it.skipIf(!samples.refundFailed)('a failed refund restores the keys', async () => {
      const o = order()
      await sell(o)
      await outcomeOf(samples, samples.refund(o))
      const event = samples.refundFailed?.({ ...o, now: o.now + 1000 })
      expect(event && (await outcomeOf(samples, event))).toBe('reinstated')
      expect(await statuses(o)).toEqual(['assigned'])
    })

    it.skipIf(!samples.disputeOpened)('a dispute blocks the keys, and winning it restores them', async () => {
      for (const [end, status] of [
        ['disputeLost', 'blocked'],
        ['disputeWon', 'assigned'],
      ] as const) {
        const o = order()
        await sell(o)
        const answer = samples.disputeOpened?.(o)
        expect(answer && (await outcomeOf(samples, answer))).toBe('revoked')
        expect(await statuses(o)).toEqual(['blocked'])
        const closed = samples[end]?.({ ...o, now: o.now + 1000 })
        if (closed) await outcomeOf(samples, closed)
        if (closed) expect(await statuses(o)).toEqual([status])
      }
    })

    it.skipIf(!samples.renewal)(
      'a renewal extends the keys once for each period and issues none',
      async () => {
        const o = order({ subscription: newOrder() })
        await sell(o)
        const expiries = async () => (await keys(o)).map(({ expiresAt }) => expiresAt)
        const [sold] = await expiries()
        const renew = async (period: number) => {
          const event = samples.renewal?.({ ...o, period })
          if (event) await outcomeOf(samples, event)
        }
        await renew(1)
        await renew(1)
        expect(await expiries()).toEqual([Number(sold) + 30 * DAY_MILLISECONDS])
        await renew(2)
        expect(await expiries()).toEqual([Number(sold) + 60 * DAY_MILLISECONDS])
      },
    )

    it('an event of an unknown type is recorded and ignored', async () => {
      expect(await outcomeOf(samples, samples.unknown())).toBe('ignored')
    })

    it('a purchase without an offer is unmapped, and issued once an offer exists', async () => {
      const o = order({ externalId: crypto.randomUUID() })
      const event = samples.purchase(o)
      expect(await outcomeOf(samples, event)).toBe('unmapped')
      expect(await keys(o)).toEqual([])
      await addOffer({ provider, externalId: o.externalId })
      expect(await outcomeOf(samples, event)).toBe('issued')
      expect(await keys(o)).toHaveLength(1)
    })

    it.each([
      [null, 'ada@example.com', 'ada@example.com', 'ada@example.com'],
      ['Ada', null, 'Ada', 'Not set'],
      [null, null, 'Not set', 'Not set'],
    ])('the buyer %j, %j is stored as %s, %s', async (name, email, ownerName, ownerEmail) => {
      const o = order({ name, email })
      expect(await outcomeOf(samples, samples.purchase(o))).toBe('issued')
      expect(await keys(o)).toMatchObject([{ ownerName, ownerEmail }])
    })

    it('a quantity may be a number or text, and an invalid one issues nothing', async () => {
      const many = order({ quantity: '3' })
      await outcomeOf(samples, samples.purchase(many))
      // Stripe's event has no quantity: it is looked up.
      const hasQuantity = provider !== 'stripe'
      expect(await keys(many)).toHaveLength(hasQuantity ? 3 : 1)
      if (!hasQuantity) return
      for (const quantity of [0, -1, 1e15, 'many', 2.5]) {
        const o = order({ quantity })
        expect(await outcomeOf(samples, samples.purchase(o))).toBe('failed')
        expect(await keys(o)).toEqual([])
      }
    })

    const testSecret = {
      [webhookSecretName(provider)]: undefined,
      [webhookSecretName(provider, 'test')]: samples.secret,
    }
    const latestMode = () =>
      env.DB.prepare('select mode from webhook_events order by id desc limit 1').first<string>('mode')

    it.skipIf(!EVENTS_WITH_MODE.includes(provider))(
      'an event signed with the secret of the other mode issues nothing',
      async () => {
        const [live, test] = [order(), order({ isTest: true })]
        expect(await outcomeOf(samples, samples.purchase(test))).toBe('ignored')
        expect(await outcomeOf(samples, samples.purchase(live), { bindings: testSecret })).toBe('ignored')
        expect([...(await keys(live)), ...(await keys(test))]).toEqual([])
        expect(await outcomeOf(samples, samples.purchase(test), { bindings: testSecret })).toBe('issued')
        expect(await latestMode()).toBe('test')
        expect(await keys(test)).toHaveLength(1)
      },
    )

    it.skipIf(EVENTS_WITH_MODE.includes(provider))(
      'an event without a mode has the mode of its secret',
      async () => {
        for (const [mode, bindings] of [
          ['live', {}],
          ['test', testSecret],
        ] as const) {
          const o = order()
          expect(await outcomeOf(samples, samples.purchase(o), { bindings })).toBe('issued')
          expect(await latestMode()).toBe(mode)
          expect(await keys(o)).toHaveLength(1)
        }
      },
    )

    it('an event that is not signed with the secret returns 401 and writes nothing', async () => {
      const event = samples.purchase(order())
      const before = await databaseContents()
      const { db, roundTrips } = observe(env.DB)
      const other = PROVIDER_SAMPLES.find(
        (candidate) => candidate.provider !== provider && candidate.secret !== samples.secret,
      )
      for (const response of [
        deliver(samples, event, {
          secret: `whsec_${btoa('another secret of 24 bytes')}`,
          bindings: { DB: db },
        }),
        deliver(
          samples,
          { ...event, body: `${event.body} ` },
          {
            headers: await samples.sign(event, samples.secret, Math.floor(Date.now() / 1000)),
            bindings: { DB: db },
          },
        ),
        other &&
          deliver(samples, event, {
            headers: await other.sign(event, other.secret, 1),
            secret: 'whsec_AAAA',
            bindings: { DB: db },
          }),
        readEnvelope(
          await send({
            path: `/webhooks/${provider}`,
            method: 'POST',
            body: event.body,
            bindings: { [webhookSecretName(provider)]: samples.secret, DB: db },
          }),
        ),
      ]) {
        expect(await response).toMatchObject({ status: 401, response: { code: 2401 } })
      }
      expect(roundTrips).toEqual([])
      expect(await databaseContents()).toBe(before)
      expect(failureLines()).toEqual([])
    })

    it('several secrets are valid during a rotation', async () => {
      const secret = `whsec_${btoa('the next secret, of 32 bytes or so')}`
      const bindings = { [webhookSecretName(provider)]: `${samples.secret} ${secret}` }
      for (const validSecret of [samples.secret, secret]) {
        const o = order()
        expect(await outcomeOf(samples, samples.purchase(o), { secret: validSecret, bindings })).toBe(
          'issued',
        )
      }
    })

    it('a live and a test secret work at the same time', async () => {
      const secret = `whsec_${btoa('the test secret, of 32 bytes or so')}`
      const bindings = { [webhookSecretName(provider, 'test')]: secret }
      for (const [mode, validSecret] of [
        ['live', samples.secret],
        ['test', secret],
      ] as const) {
        const o = order({ isTest: mode === 'test' })
        expect(await outcomeOf(samples, samples.purchase(o), { secret: validSecret, bindings })).toBe(
          'issued',
        )
        expect(await latestMode()).toBe(mode)
      }
    })

    it('the endpoint returns 404 without a secret', async () => {
      const bindings = { [webhookSecretName(provider)]: undefined }
      expect(await deliver(samples, samples.purchase(order()), { bindings })).toMatchObject({ status: 404 })
    })

    it.each(['', 'null', '[]', '"text"', '{', '{"type":7}', '\u0000', '{"a":"\\ud800"}'])(
      'the invalid body %j is recorded if it is signed, and returns 200 to a provider',
      async (body) => {
        const event = { id: crypto.randomUUID(), body }
        const { status, response } = await deliver(samples, event)
        if (provider === 'standard') expect([status, response.code]).toEqual([422, 804])
        else expect([status, response.outcome]).toEqual([200, expect.stringMatching(/^(failed|ignored)$/)])
        expect(failureLines()).toEqual([])
      },
    )

    it('a body of more than a megabyte returns 413', async () => {
      const answer = await deliver(samples, { id: 'x', body: `"${'x'.repeat(1_000_000)}"` })
      expect(answer).toMatchObject({ status: 413, response: { code: 2413 } })
    })

    it('a database failure returns 503, so that the provider retries', async () => {
      const { db } = observe(env.DB, failWith('D1_ERROR: D1 DB is overloaded. Too many requests queued.'))
      const answer = await deliver(samples, samples.purchase(order()), { bindings: { DB: db } })
      expect(answer).toMatchObject({ status: 503, response: { code: 2503 } })
    })

    it('a missing setting returns 503, is named in the log and writes nothing', async () => {
      const before = await databaseContents()
      const answer = await deliver(samples, samples.purchase(order()), {
        bindings: { DELIVERIES: undefined },
      })
      expect(answer).toMatchObject({ status: 503, response: { code: 2503 } })
      expect(answer.headers.has('Retry-After')).toBe(true)
      expect(logText()).toContain('DELIVERIES is not bound')
      expect(await databaseContents()).toBe(before)
    })
  },
)

describe('a ping of WooCommerce', () => {
  const ping = (bindings: object, body = 'webhook_id=7') =>
    send({ path: '/webhooks/woocommerce', method: 'POST', body, bindings }).then(readEnvelope)
  const secret = { WOOCOMMERCE_WEBHOOK_SECRET: 'a secret of WooCommerce'.replaceAll(' ', '-') }

  it('gets 200 without a signature, and writes nothing', async () => {
    const before = await databaseContents()
    const { db, roundTrips } = observe(env.DB)
    expect(await ping({ ...secret, DB: db })).toMatchObject({
      status: 200,
      response: { code: 2200, outcome: 'ignored' },
    })
    expect(roundTrips).toEqual([])
    expect(await databaseContents()).toBe(before)
  })

  it('gets 404 without a secret, and 401 if it is anything else', async () => {
    expect(await ping({ WOOCOMMERCE_WEBHOOK_SECRET: undefined })).toMatchObject({ status: 404 })
    expect(await ping(secret, 'webhook_id=7&order=1')).toMatchObject({ status: 401 })
    const bindings = { SHOPIFY_WEBHOOK_SECRET: 'a-secret-of-Shopify' }
    const request = { path: '/webhooks/shopify', method: 'POST', body: 'webhook_id=7', bindings }
    expect((await send(request)).status).toBe(401)
  })
})

describe('the keys of a purchase', () => {
  const samples = PROVIDER_SAMPLES.find(({ provider }) => provider === 'standard') as ProviderSamples
  const webhook = { DELIVERY_WEBHOOK_URL: 'https://shop.example/keys' }
  const email = { EMAIL_FROM: 'keys@example.com' }

  it.each([
    [{}, []],
    [webhook, ['webhook']],
    [email, ['email']],
    [{ ...webhook, ...email }, ['email', 'webhook']],
  ])('are delivered through exactly the configured channels: %j', async (settings, channels) => {
    const { queue, messages } = capturingQueue()
    const o = { order: newOrder(), externalId: EXTERNAL_ID }
    const bindings = { ...settings, DELIVERIES: queue }
    expect(await outcomeOf(samples, samples.purchase(o), { bindings })).toBe('issued')
    const deliveries = channels.map((channel) => ({ channel, status: 'pending' }))
    expect(await deliveriesOf(samples.orderName(o))).toEqual(deliveries)
    expect(messages).toHaveLength(channels.length)
  })
})

it.each([
  ['dodo', 'sk_live_1-sk_live_1'],
  ['standard', 'sk_live_1-sk_live_1'],
  ['stripe', 'whsec_too_short'],
  ['lemon-squeezy', 'too-short'],
  ['creem', 'whsec_too_short'],
  ['fastspring', 'too-short'],
])('an invalid secret of %s returns 503 and is named in the log', async (name, invalid) => {
  const samples = PROVIDER_SAMPLES.find(({ provider }) => provider === name) as ProviderSamples
  const setting = webhookSecretName(samples.provider)
  const event = samples.purchase({ order: newOrder(), externalId: EXTERNAL_ID })
  for (const secret of [invalid, `${samples.secret} ${invalid}`]) {
    const answer = await deliver(samples, event, { bindings: { [setting]: secret } })
    expect(answer).toMatchObject({ status: 503, response: { code: 2503 } })
  }
  expect(logText()).toContain(`${setting} is not a secret of this provider`)
  expect(logText()).not.toContain(invalid)
})
