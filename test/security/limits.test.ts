import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { PROVIDER_SAMPLES } from '../../scripts/webhook-samples/index.ts'
import { LIMITERS } from '../../src/http/limits.ts'
import { webhookSecretName } from '../../src/payments/settings.ts'
import configuration from '../../wrangler.toml?raw'
import { type ApiResponse, post, readEnvelope, send } from '../support/client.ts'
import { addContract, callAsContractHolder, GET_INFO } from '../support/contracts.ts'
import {
  activatedKeyFields,
  addKey,
  assignedKeyFields,
  identifiersOf,
  type TestKey,
} from '../support/key-life.ts'
import { failureLines } from '../support/log.ts'
import { observe } from '../support/observed-database.ts'
import { countRows, openShop, orderFields, type Shop } from '../support/shop.ts'
import { validFields } from '../support/valid-requests.ts'

/** A limiter that allows this many requests for each key. */
function limiter(limit: number): RateLimit {
  const counts = new Map<string, number>()
  return {
    async limit({ key }) {
      counts.set(key, (counts.get(key) ?? 0) + 1)
      return { success: (counts.get(key) ?? 0) <= limit }
    },
  }
}

const broken: RateLimit = { limit: () => Promise.reject(new Error('The limiter failed.')) }
const FROM = { 'CF-Connecting-IP': '203.0.113.7' }
const ACTIVATE = '/api/v1/activate'
const VERIFY = '/api/v1/verify'
const START_TRIAL = '/api/v1/start-trial'
const DETAILS = '/api/v1/get-license-key-details'

/** All limiters except the given ones fail, which must not refuse any request. */
function bindingsWith(limiters: Record<string, RateLimit>) {
  const all = Object.fromEntries(Object.values(LIMITERS).map(({ binding }) => [binding, broken]))
  return { RATE_LIMITS: 'on', ...all, ...limiters }
}

async function repeat(times: number, request: () => Promise<ApiResponse>): Promise<unknown[]> {
  const codes: unknown[] = []
  for (let time = 0; time < times; time++) codes.push((await request()).response.code)
  return codes
}

describe('a client address', () => {
  it('is refused after its limit with Retry-After and no database query', async () => {
    const shop = await openShop()
    const { db, roundTrips } = observe(env.DB)
    const bindings = { ...bindingsWith({ LIMIT_ADDRESS: limiter(2) }), DB: db }
    const request = () => post(orderFields(shop), { bindings, headers: FROM })
    expect(await repeat(2, request)).toEqual([803, 803])
    const before = await countRows()
    const refused = await request()
    expect(refused).toMatchObject({ status: 429, response: { code: 2429, message: 'Too many requests' } })
    expect(refused.headers.get('Retry-After')).toBe('10')
    expect(Object.keys(refused.response)).toEqual(['code', 'message', 'timestamp'])
    expect(roundTrips).toHaveLength(2)
    expect(await countRows()).toEqual(before)
    const other = await post(orderFields(shop), { bindings, headers: { 'CF-Connecting-IP': '203.0.113.8' } })
    expect(other.response.code).toBe(803)
  })

  it('is identified by its first 64 bits if it is IPv6', async () => {
    const bindings = bindingsWith({ LIMIT_ADDRESS: limiter(1) })
    const request = async (address: string) =>
      (await send({ path: '/health', bindings, headers: { 'CF-Connecting-IP': address } })).status
    expect(await request('2001:db8:1:2::1')).toBe(200)
    expect(await request('2001:db8:1:2:ffff::9')).toBe(429)
    expect(await request('2001:db8:1:3::1')).toBe(200)
  })

  it('is not counted if it is unknown', async () => {
    const bindings = bindingsWith({ LIMIT_ADDRESS: limiter(0), LIMIT_FAILURES: limiter(0) })
    expect((await send({ path: '/health', bindings })).status).toBe(200)
    expect((await post({}, { bindings })).response.code).toBe(100)
  })
})

describe('an API key', () => {
  it('is refused after its limit from any address, and other keys are not', async () => {
    const [shop, other] = [await openShop(), await openShop()]
    const { db, roundTrips } = observe(env.DB)
    const bindings = { ...bindingsWith({ LIMIT_API_KEY: limiter(2) }), DB: db }
    expect(await repeat(3, () => post(orderFields(shop), { bindings, headers: FROM }))).toEqual([
      803, 803, 2429,
    ])
    expect((await post(orderFields(shop), { bindings })).status).toBe(429)
    expect(roundTrips).toHaveLength(2)
    expect((await post(orderFields(other), { bindings })).response.code).toBe(803)
  })

  it('is not counted if every copy of the software contains it', async () => {
    const shop = await openShop()
    const fields = { api_key: shop.apiKey, ...(await activatedKeyFields(shop)) }
    const bindings = bindingsWith({ LIMIT_API_KEY: limiter(0) })
    expect(await repeat(3, () => post(fields, { path: '/api/v1/verify', bindings }))).toEqual([200, 200, 200])
  })

  it('may repeat a refused order with the same Idempotency-Key', async () => {
    const shop = await openShop()
    const headers = { 'Idempotency-Key': 'again' }
    const refused = await post(orderFields(shop), {
      headers,
      bindings: bindingsWith({ LIMIT_API_KEY: limiter(0) }),
    })
    expect(refused.response.code).toBe(2429)
    const issued = await post(orderFields(shop), { headers })
    expect(issued.response.code).toBe(803)
    expect(issued.headers.has('Idempotent-Replayed')).toBe(false)
  })
})

describe('an address with too many refused requests', () => {
  it('gets 2429 instead of the reason, but a valid API key still works', async () => {
    const shop = await openShop()
    const inactive = await openShop({ apiKeyStatus: 'inactive' })
    const bindings = bindingsWith({ LIMIT_FAILURES: limiter(2) })
    const options = { bindings, headers: FROM }
    const guess = () => post(orderFields(shop, { api_key: crypto.randomUUID() }), options)
    expect(await repeat(3, guess)).toEqual([100, 100, 2429])
    const refused = await post(orderFields(inactive), options)
    expect(refused).toMatchObject({ status: 429, response: { code: 2429 } })
    expect(refused.headers.get('Retry-After')).toBe('60')
    expect((await post(orderFields(shop), options)).response.code).toBe(803)
    expect((await post(orderFields(inactive), { bindings })).response.code).toBe(101)
  })

  it('gets no information about contract keys', async () => {
    const { key } = await addContract(await openShop())
    const options = { bindings: bindingsWith({ LIMIT_FAILURES: limiter(1) }), headers: FROM }
    const guess = () => callAsContractHolder(GET_INFO, { contract_key: crypto.randomUUID() }, options)
    expect(await repeat(2, guess)).toEqual([1200, 2429])
    expect((await callAsContractHolder(GET_INFO, { contract_key: key }, options)).response.code).not.toBe(
      2429,
    )
  })
})

describe('an address that guesses license keys', () => {
  afterEach(() => vi.restoreAllMocks())

  /** Sends requests about license keys from one address, after three wrong ones where two are allowed. */
  async function guessing(shop: Shop) {
    const bindings = bindingsWith({ LIMIT_FAILURES: limiter(2) })
    const request = async (path: string, licenseKey: string, options: object = {}) => {
      const fields = { api_key: shop.apiKey, license_key: licenseKey, identifier: 'device' }
      return (await post(fields, { path, bindings, headers: FROM, ...options })).response.code
    }
    const codes = []
    for (let guess = 0; guess < 3; guess++) codes.push(await request(VERIFY, crypto.randomUUID()))
    expect(codes).toEqual([210, 210, 2429])
    return { bindings, request }
  }

  it('gets 2429 for wrong and for right ones, so that it cannot tell them apart', async () => {
    const shop = await openShop()
    const { request } = await guessing(shop)
    const keys = [
      await addKey(shop),
      await addKey(shop, { status: 'available' }),
      await addKey(shop, { status: 'blocked' }),
      await addKey(shop, { validityDays: 1, assignedAt: 0 }),
    ]
    for (const { licenseKey } of [...keys, { licenseKey: crypto.randomUUID() }]) {
      for (const path of [VERIFY, DETAILS, ACTIVATE, '/api/v1/deactivate']) {
        expect(await request(path, licenseKey), path).toBe(2429)
      }
    }
    expect(await identifiersOf(keys[0] as TestKey)).toEqual([])
  })

  it('does not keep its other users from verifying a key on a device where it is active', async () => {
    const shop = await openShop()
    const { request } = await guessing(shop)
    const { licenseKey } = await addKey(shop, { identifiers: ['device'] })
    expect([await request(VERIFY, licenseKey), await request(DETAILS, licenseKey)]).toEqual([200, 500])
  })

  it('is refused for a minute, and others are not', async () => {
    const shop = await openShop()
    const { request } = await guessing(shop)
    const { licenseKey } = await addKey(shop)
    const elsewhere = { headers: { 'CF-Connecting-IP': '203.0.113.9' } }
    expect(await request(ACTIVATE, licenseKey)).toBe(2429)
    expect(await request(ACTIVATE, licenseKey, elsewhere)).toBe(300)
    const later = Date.now() + 61_000
    vi.spyOn(Date, 'now').mockImplementation(() => later)
    expect(await request(ACTIVATE, licenseKey)).toBe(301)
  })

  it('does not keep a shop at that address from issuing, nor does a shop with a wrong API key stop activations', async () => {
    const shop = await openShop()
    const { bindings } = await guessing(shop)
    expect((await post(orderFields(shop), { bindings, headers: FROM })).response.code).toBe(803)
    const others = bindingsWith({ LIMIT_FAILURES: limiter(1) })
    const misconfigured = () =>
      post(orderFields(shop, { api_key: 'wrong' }), { bindings: others, headers: FROM })
    expect(await repeat(3, misconfigured)).toEqual([100, 2429, 2429])
    const activation = { api_key: shop.apiKey, ...(await assignedKeyFields(shop)) }
    const activated = await post(activation, { path: ACTIVATE, bindings: others, headers: FROM })
    expect(activated.response.code).toBe(300)
  })

  it.each(['activate', 'deactivate', 'get-license-key-details'])('is counted with %s', async (name) => {
    const shop = await openShop()
    const bindings = bindingsWith({ LIMIT_FAILURES: limiter(1) })
    const guess = () => {
      const fields = { api_key: shop.apiKey, license_key: crypto.randomUUID(), identifier: 'device' }
      return post(fields, { path: `/api/v1/${name}`, bindings, headers: FROM })
    }
    expect(await repeat(2, guess)).toEqual([210, 2429])
  })

  it('does not get 200 answers to 200 wrong license keys with the limits of wrangler.toml', async () => {
    const shop = await openShop()
    const headers = { 'CF-Connecting-IP': '192.0.2.98' }
    const guess = () => {
      const fields = { api_key: shop.apiKey, license_key: crypto.randomUUID(), identifier: 'device' }
      return post(fields, { path: VERIFY, bindings: { RATE_LIMITS: 'on' }, headers })
    }
    const codes = await repeat(200, guess)
    expect(codes.slice(0, 10)).toEqual(new Array(10).fill(210))
    // The period may end in between, which resets the counter.
    expect(codes.filter((code) => code === 2429).length).toBeGreaterThan(50)
  })

  it('is not counted if its API key is not that of the software: a shop may ask about unknown keys', async () => {
    const shop = await openShop()
    const bindings = bindingsWith({ LIMIT_FAILURES: limiter(1) })
    const fields = { api_key: shop.apiKey, license_key: 'unknown', key: 'plan', value: 'pro' }
    const request = () => post(fields, { path: '/api/v1/update-license-key-meta', bindings, headers: FROM })
    expect(await repeat(3, request)).toEqual([210, 210, 210])
  })
})

describe('an IPv6 caller that changes its /64', () => {
  it('is counted by its /48 too, with a larger budget, and other networks are not affected', async () => {
    const bindings = bindingsWith({ LIMIT_FAILURES: limiter(2), LIMIT_FAILURES_NETWORK: limiter(3) })
    const from = async (address: string) =>
      (await post({}, { bindings, headers: { 'CF-Connecting-IP': address } })).response.code
    const codes = []
    for (let network = 1; network <= 5; network++) codes.push(await from(`2001:db8:1:${network}::1`))
    expect(codes).toEqual([100, 100, 100, 2429, 2429])
    expect(await from('2001:db8:2:1::1')).toBe(100)
  })

  it('does not affect IPv4 addresses, which have no such network', async () => {
    const bindings = bindingsWith({ LIMIT_FAILURES_NETWORK: limiter(0) })
    expect((await post({}, { bindings, headers: FROM })).response.code).toBe(100)
  })
})

describe('unknown paths', () => {
  afterEach(() => vi.restoreAllMocks())
  const request =
    (bindings: object, path = `/${crypto.randomUUID()}`) =>
    async () =>
      readEnvelope(await send({ path, bindings, headers: FROM }))

  it('get 2429 instead of 2404 after the limit of refused requests', async () => {
    const bindings = bindingsWith({ LIMIT_FAILURES: limiter(2) })
    expect(await repeat(4, request(bindings))).toEqual([2404, 2404, 2429, 2429])
  })

  it.each([
    ['/unknown', 2404],
    ['/api/v1/verify', 2405],
  ] as const)('and wrong methods count for the limit of the address: %s', async (path, code) => {
    const bindings = bindingsWith({ LIMIT_ADDRESS: limiter(2) })
    expect(await repeat(3, request(bindings, path))).toEqual([code, code, 2429])
  })

  it('cost one signature a second, not one each', async () => {
    const sign = vi.spyOn(crypto.subtle, 'sign')
    const bindings = bindingsWith({ LIMIT_FAILURES: limiter(10) })
    const started = Date.now()
    const codes = await repeat(60, request(bindings))
    const seconds = Math.ceil((Date.now() - started) / 1000)
    expect(new Set(codes)).toEqual(new Set([2404, 2429]))
    // Two codes, and the second in which it started.
    expect(sign.mock.calls.length).toBeLessThanOrEqual(2 + seconds)
  })
})

describe('a license key', () => {
  it('is refused after its limit of changes by software, from any address and without a database query', async () => {
    const shop = await openShop()
    const { db, roundTrips } = observe(env.DB)
    const bindings = { ...bindingsWith({ LIMIT_LICENSE_KEY: limiter(2) }), DB: db }
    const { licenseKey } = await addKey(shop)
    let device = 0
    const request = (path: string) => () => {
      const headers = { 'CF-Connecting-IP': `203.0.113.${++device}` }
      const fields = { api_key: shop.apiKey, license_key: licenseKey, identifier: `device-${device}` }
      return post(fields, { path, bindings, headers })
    }
    expect(await repeat(2, request(ACTIVATE))).toEqual([300, 300])
    const refused = await request('/api/v1/deactivate')()
    expect(refused).toMatchObject({ status: 429, response: { code: 2429 } })
    expect(refused.headers.get('Retry-After')).toBe('60')
    expect(roundTrips).toHaveLength(2)
    const other = { api_key: shop.apiKey, ...(await assignedKeyFields(shop)) }
    expect((await post(other, { path: ACTIVATE, bindings })).response.code).toBe(300)
  })

  it('is counted in any spelling, and not by its own text', async () => {
    const shop = await openShop()
    const keys: string[] = []
    const counting = limiter(2)
    const limit = (options: { key: string }) => {
      keys.push(options.key)
      return counting.limit(options)
    }
    const bindings = bindingsWith({ LIMIT_LICENSE_KEY: { limit } })
    const { licenseKey } = await addKey(shop, { licenseKey: 'abcd-1234-efgh-5678' })
    const codes = []
    for (const spelling of [licenseKey, licenseKey.toUpperCase(), ' abcd 1234\u2013efgh.5678']) {
      const fields = { api_key: shop.apiKey, license_key: spelling, identifier: 'device' }
      codes.push((await post(fields, { path: ACTIVATE, bindings })).response.code)
    }
    expect(codes.at(-1)).toBe(2429)
    expect(new Set(keys).size).toBe(1)
    expect(keys[0]).toMatch(/^license-key:[0-9a-f]{64}$/)
  })

  it('can always be verified, so that another person who knows it cannot lock its owner out', async () => {
    const shop = await openShop()
    const fields = { api_key: shop.apiKey, ...(await activatedKeyFields(shop)) }
    const bindings = bindingsWith({ LIMIT_LICENSE_KEY: limiter(0) })
    expect(await repeat(2, () => post(fields, { path: VERIFY, bindings }))).toEqual([200, 200])
  })
})

describe('trials', () => {
  it('are limited by address, without a database query, and other requests are not', async () => {
    const shop = await openShop()
    const { db, roundTrips } = observe(env.DB)
    const bindings = { ...bindingsWith({ LIMIT_TRIALS: limiter(2) }), DB: db }
    const request = (address: string) => async () => {
      const fields = await validFields(START_TRIAL, shop)
      return post(fields, { path: START_TRIAL, bindings, headers: { 'CF-Connecting-IP': address } })
    }
    expect(await repeat(2, request('203.0.113.7'))).toEqual([2211, 2211])
    const before = await countRows()
    const refused = await request('203.0.113.7')()
    expect(refused).toMatchObject({ status: 429, response: { code: 2429 } })
    expect(refused.headers.get('Retry-After')).toBe('60')
    expect(roundTrips).toHaveLength(2)
    expect(await countRows()).toEqual(before)
    expect((await request('203.0.113.8')()).response.code).toBe(2211)
    const activation = { api_key: shop.apiKey, ...(await assignedKeyFields(shop)) }
    expect((await post(activation, { path: ACTIVATE, bindings, headers: FROM })).response.code).toBe(300)
  })
})

describe('a payment provider', () => {
  it.each(PROVIDER_SAMPLES)(
    'is never limited, but senders of invalid signatures are: $provider',
    async (samples) => {
      const setting = webhookSecretName(samples.provider)
      const options = {
        path: `/webhooks/${samples.provider}`,
        method: 'POST',
        bindings: { ...bindingsWith({ LIMIT_FAILURES: limiter(2) }), [setting]: samples.secret },
      }
      const names = { order: 'limits', externalId: 'limits', name: 'Ada', email: 'ada@example.com' }
      const event = samples.purchase(names)
      const signed = await samples.sign(event, samples.secret, Math.floor(Date.now() / 1000))
      const request = async (headers: Record<string, string>) =>
        readEnvelope(await send({ ...options, body: event.body, headers: { ...FROM, ...headers } }))
      expect(await repeat(3, () => request({}))).toEqual([2401, 2401, 2429])
      expect(await repeat(3, () => request(signed))).toEqual([2200, 2200, 2200])
    },
  )
})

describe('no request is limited', () => {
  it('if the limiters are missing, failing or disabled', async () => {
    const shop = await openShop()
    const bound = (value: RateLimit | undefined) =>
      Object.fromEntries(Object.values(LIMITERS).map(({ binding }) => [binding, value]))
    const [none, full] = [bound(undefined), bound(limiter(0))]
    const activation = async () => ({ api_key: shop.apiKey, ...(await assignedKeyFields(shop)) })
    for (const bindings of [
      { RATE_LIMITS: 'on', ...none },
      bindingsWith({}),
      { ...full, RATE_LIMITS: 'off' },
    ]) {
      expect((await post(orderFields(shop), { bindings, headers: FROM })).response.code).toBe(803)
      expect((await post({}, { bindings, headers: FROM })).response.code).toBe(100)
      const activated = await post(await activation(), { path: ACTIVATE, bindings, headers: FROM })
      expect(activated.response.code).toBe(300)
      const trial = await validFields(START_TRIAL, shop)
      const started = await post(trial, { path: START_TRIAL, bindings, headers: FROM })
      expect(started.response.code).toBe(2211)
      expect((await send({ path: '/unknown', bindings, headers: FROM })).status).toBe(404)
    }
  })

  it.each(PROVIDER_SAMPLES.map(({ provider }) => provider))(
    'from the payment provider %s',
    async (provider) => {
      const full = { LIMIT_ADDRESS: limiter(0), LIMIT_API_KEY: limiter(0), LIMIT_FAILURES: limiter(0) }
      const request = { method: 'POST', body: '{}', path: `/webhooks/${provider}`, headers: FROM }
      expect((await send({ ...request, bindings: bindingsWith(full) })).status).not.toBe(429)
    },
  )
})

it('requests fail while RATE_LIMITS is invalid, and the log names the fix', async () => {
  const answer = await post({}, { bindings: { RATE_LIMITS: 'sometimes' } })
  expect(answer.response.code).toBe(2500)
  expect(failureLines()[0]?.message).toMatch(/RATE_LIMITS must be .* npm run deploy/)
})

describe('the limiters of wrangler.toml', () => {
  const declared = [
    ...configuration.matchAll(/name = "(LIMIT_\w+)"[^[]*?simple = \{ limit = (\d+), period = (\d+) \}/g),
  ].map(([, name = '', limit, period]) => ({ name, limit: Number(limit), period: Number(period) }))

  it('have the periods of LIMITERS', () => {
    const periods = Object.fromEntries(declared.map(({ name, period }) => [name, period]))
    const expected = Object.values(LIMITERS).map(({ binding, periodSeconds }) => [binding, periodSeconds])
    expect(periods).toEqual(Object.fromEntries(expected))
  })

  it('work in the runtime: too many refused requests get 2429', async () => {
    const failures = declared.find(({ name }) => name === 'LIMIT_FAILURES')?.limit ?? 0
    // The period may end in between, which resets the counter.
    const codes = await repeat(2 * failures + 1, () =>
      post({}, { bindings: { RATE_LIMITS: 'on' }, headers: { 'CF-Connecting-IP': '192.0.2.99' } }),
    )
    expect(codes.slice(0, 1)).toEqual([100])
    expect(codes).toContain(2429)
  })
})
