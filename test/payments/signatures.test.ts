import { describe, expect, it, vi } from 'vitest'
import { PROVIDER_SAMPLES } from '../../scripts/webhook-samples/index.ts'
import { hasUnusableSecret, verifySignature } from '../../src/http/signatures.ts'
import type { Provider } from '../../src/payments/provider.ts'
import { PROVIDERS, providerNamed } from '../../src/payments/providers/index.ts'
import { hexOf, hmac } from './tampering.ts'

const NOW = 1_700_000_000

/** The providers that sign no time. */
const UNTIMED = ['creem', 'fastspring', 'lemon-squeezy', 'shopify', 'woocommerce']
/** Headers that are stored or not used, and that no signature covers. */
const UNSIGNED_HEADER =
  /^(content-type|x-event-name|x-shopify-topic|x-shopify-webhook-id|x-wc-webhook-topic)$/i

const POLAR_SECRET = 'whsec_ovyN6cPrTv56AApvzCaJno08SSmGJmgbWilb33N2JuK'
const ORDER_PAID = '{"type":"order.paid","data":{"id":"ord_1"}}'

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function provider(name: string): Provider {
  const known = providerNamed(name)
  if (!known) throw new Error(`Unknown provider ${name}`)
  return known
}

function verify(
  name: string,
  secrets: string | string[],
  headers: Record<string, string>,
  body: string,
  now: number,
): Promise<boolean> {
  return verifySignature(provider(name).signatures, [secrets].flat(), new Headers(headers), bytes(body), now)
}

function standardHeaders(id: string, timestamp: number, signature: string): Record<string, string> {
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signature }
}

const paddleHash = '28981e941fae76e53db32f3d2a83cb69db41476595e84e1970a1b5d98f62b261'

/** Created by the providers' libraries, or published in their tests and documents. */
const VECTORS: [string, string, string, Record<string, string>, string, number][] = [
  [
    'a header of the Stripe library',
    'stripe',
    'whsec_test_secret',
    {
      'Stripe-Signature': 't=1700000000,v1=ca796b857b81e24d595a4c37abf88d2fafb533a32ede6ce4cfc9b0e892a35b08',
    },
    '{"id":"evt_test_1","object":"event","type":"checkout.session.completed"}',
    NOW,
  ],
  [
    "a header of the Paddle library's tests",
    'paddle',
    'VALID_SECRET',
    {
      'Paddle-Signature': 'ts=1698796800;h1=a300428748dce5c70e4da19bffd60769591ea969c99dea3105d0ec9612cf43f9',
    },
    '{"data": ["1", "2"]}',
    1_698_796_800,
  ],
  [
    "a header with several hashes of the Paddle library's tests",
    'paddle',
    'VALID_SECRET',
    { 'Paddle-Signature': `ts=1698796800;h1=${paddleHash};h1=${paddleHash};h2=RANDOM_HASH` },
    '{"data": "value"}',
    1_698_796_800,
  ],
  [
    'a Paddle header with a regular secret',
    'paddle',
    'pdl_ntfset_01test_secret',
    {
      'Paddle-Signature': 'ts=1700000000;h1=60638cb58a45655eb298914d53daf89b04522bb6786210ed4f8395cb29a93251',
    },
    ORDER_PAID,
    NOW,
  ],
  [
    'a Lemon Squeezy signature',
    'lemon-squeezy',
    'ls_secret',
    { 'X-Signature': '9d3dc45f381bfa69743f0c6f7407bd6dd44f91d7de3730f5fa7ef7d1e5872b0d' },
    ORDER_PAID,
    NOW,
  ],
  [
    'a Creem signature',
    'creem',
    'whsec_creem_test',
    { 'creem-signature': '549390b19cce577e74263d6f3b8accd4c90c56b281b9380e2f741dc5d5176b69' },
    ORDER_PAID,
    NOW,
  ],
  [
    'the example of the Standard Webhooks library from Creem',
    'creem',
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    standardHeaders(
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1_614_265_330,
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    ),
    '{"test": 2432232314}',
    1_614_265_330,
  ],
  [
    'a FastSpring signature',
    'fastspring',
    'shared_secret',
    { 'X-FS-Signature': 'LT2fgH9fvI43Q/61bMKjUC5Vf+7cRnS22hB8VCqcdj8=' },
    ORDER_PAID,
    NOW,
  ],
  [
    'the example of the Standard Webhooks library',
    'standard',
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    standardHeaders(
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1_614_265_330,
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    ),
    '{"test": 2432232314}',
    1_614_265_330,
  ],
  [
    'the same example from Dodo',
    'dodo',
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    standardHeaders(
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1_614_265_330,
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    ),
    '{"test": 2432232314}',
    1_614_265_330,
  ],
  [
    'a Polar signature with the whole secret as key',
    'polar',
    POLAR_SECRET,
    standardHeaders('msg_test_1', NOW, 'v1,vOCaQjLtJ5UyN4kK4LyVZxb2+ywZ7cOKCDt6XXnqMPU='),
    ORDER_PAID,
    NOW,
  ],
  [
    'a Polar signature with the decoded secret as key, without padding',
    'polar',
    POLAR_SECRET,
    standardHeaders('msg_test_1', NOW, 'v1,TI3fIiK1Y+LkTec1Uc+pvjH3VLSyb027YNqVjDFFvMo='),
    ORDER_PAID,
    NOW,
  ],
  [
    "a signature of the Shopify library's tests",
    'shopify',
    'test_secret_key',
    { 'X-Shopify-Hmac-Sha256': 'B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g=' },
    '{"foo": "bar"}',
    NOW,
  ],
  [
    'a signature in the newer header of Shopify',
    'shopify',
    'shared_secret',
    { 'Shopify-Hmac-Sha256': 'LT2fgH9fvI43Q/61bMKjUC5Vf+7cRnS22hB8VCqcdj8=' },
    ORDER_PAID,
    NOW,
  ],
  [
    'a WooCommerce signature',
    'woocommerce',
    'shared_secret',
    { 'X-WC-Webhook-Signature': 'LT2fgH9fvI43Q/61bMKjUC5Vf+7cRnS22hB8VCqcdj8=' },
    ORDER_PAID,
    NOW,
  ],
]

describe('a published signature is accepted only without changes:', () => {
  it.each(VECTORS)('%s', async (_, name, secret, headers, body, now) => {
    expect(await verify(name, secret, headers, body, now)).toBe(true)
    expect(await verify(name, secret, headers, `${body} `, now)).toBe(false)
    expect(await verify(name, secret, headers, body.slice(1), now)).toBe(false)
    expect(await verify(name, `${secret.slice(0, -4)}AAAA`, headers, body, now)).toBe(false)
    expect(await verify(name, [], headers, body, now)).toBe(false)
    expect(await verify(name, secret, {}, body, now)).toBe(false)
    for (const header of Object.keys(headers).filter((key) => key !== 'webhook-timestamp')) {
      const tampered = { ...headers, [header]: corrupt(headers[header] ?? '') }
      if (header !== 'Paddle-Signature' || !body.includes('value')) {
        expect(await verify(name, secret, tampered, body, now)).toBe(false)
      }
    }
  })

  /** Changes one character near the end. */
  function corrupt(text: string): string {
    const at = text.length - 8
    return text.slice(0, at) + (text[at] === '1' ? '2' : '1') + text.slice(at + 1)
  }
})

describe.each(PROVIDER_SAMPLES.map((samples) => [samples.provider, samples] as const))(
  '%s:',
  (name, samples) => {
    const event = samples.purchase({ order: '1001', externalId: '7', now: NOW * 1000 })
    const isTimed = !UNTIMED.includes(name)

    async function isAccepted(
      change: (headers: Headers) => void,
      secrets: string[] = [samples.secret],
      now = NOW,
    ): Promise<boolean> {
      const headers = new Headers(await samples.sign(event, samples.secret, NOW))
      change(headers)
      return verifySignature(provider(name).signatures, secrets, headers, bytes(event.body), now)
    }

    it('the sample is accepted with any one of several secrets', async () => {
      const other = `whsec_${btoa('another secret of the same kind!')}`
      expect(await isAccepted(() => {})).toBe(true)
      expect(await isAccepted(() => {}, [other, samples.secret])).toBe(true)
      expect(await isAccepted(() => {}, [samples.secret, other])).toBe(true)
      expect(await isAccepted(() => {}, [other])).toBe(false)
    })

    it.each([-301, -300, 300, 301, 86_400])(
      'a time that differs by %i s is accepted only within 300 s',
      async (seconds) => {
        const isWithin = Math.abs(seconds) <= 300
        expect(await isAccepted(() => {}, [samples.secret], NOW + seconds)).toBe(!isTimed || isWithin)
      },
    )

    it('a secret of less than 16 characters is unusable', () => {
      const { signatures } = provider(name)
      expect(hasUnusableSecret(signatures, ['whsec_YWJjZGVmZw'.slice(0, 15)])).toBe(true)
      expect(hasUnusableSecret(signatures, ['whsec_YWJjZGVmZw'])).toBe(false)
    })

    it('a blank secret is unusable', () => {
      const { signatures } = provider(name)
      for (const blank of ['', ' ', '\n\t']) expect(signatures.keys(blank)).toEqual([])
      expect(hasUnusableSecret(signatures, [samples.secret])).toBe(false)
      expect(hasUnusableSecret(signatures, [samples.secret, ''])).toBe(true)
      expect(hasUnusableSecret(signatures, [])).toBe(false)
    })

    it('a missing or malformed signature is rejected without an exception', async () => {
      const signed = await samples.sign(event, samples.secret, NOW)
      const names = Object.keys(signed).filter((header) => !UNSIGNED_HEADER.test(header))
      const junk = [
        '',
        ' ',
        ',',
        '=',
        ';',
        't=',
        'v1,',
        'v1=',
        '\u00e4',
        'null',
        '-1',
        '1e9',
        'x'.repeat(9000),
      ]
      for (const header of names) {
        expect(await isAccepted((headers) => headers.delete(header))).toBe(false)
        for (const value of junk) {
          if (header === 'webhook-id' && value.trim() !== '') continue
          expect(await isAccepted((headers) => headers.set(header, value))).toBe(false)
        }
      }
    })
  },
)

describe('the format of a signature is strict:', () => {
  const hex = 'ca796b857b81e24d595a4c37abf88d2fafb533a32ede6ce4cfc9b0e892a35b08'
  const body = '{"id":"evt_test_1","object":"event","type":"checkout.session.completed"}'
  const stripe = (header: string) =>
    verify('stripe', 'whsec_test_secret', { 'Stripe-Signature': header }, body, NOW)

  it.each([
    `t=1700000000,v1=${hex.toUpperCase()}`,
    `t=1700000000,v1=0x${hex}`,
    `t=1700000000,v1=${hex}00`,
    `t=1700000000,v1=${hex.slice(2)}`,
    `t=1700000000,v1=${hex.slice(0, -1)}g`,
    `t=1700000000,v0=${hex}`,
    `t=+1700000000,v1=${hex}`,
    `t=1700000000.0,v1=${hex}`,
    `t=01700000000,v1=${hex}`,
    `t=1.7e9,v1=${hex}`,
    `t=1700000000000,v1=${hex}`,
    `t= 1700000000,v1=${hex}`,
    `v1=${hex}`,
    `t=1700000000;v1=${hex}`,
  ])('%s is rejected', async (header) => {
    expect(await stripe(header)).toBe(false)
  })

  it.each([
    `v1=${hex},t=1700000000`,
    `t=1700000000,v1=${'0'.repeat(64)},v1=junk,v0=junk,v1=${hex}`,
    `t=1700000000,v1=${hex},v1=${'0'.repeat(64)}`,
  ])('%s is accepted', async (header) => {
    expect(await stripe(header)).toBe(true)
  })

  it.each([
    ['v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=', true],
    ['v1,AAAA v1a,xyz v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v2,x', true],
    ['v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE', false],
    ['v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=', false],
    ['v1,g0hM9SsE-OTPJTGt_tmIKtSyZlE3uFJELVlNIOLJ1OE=', false],
    ['v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=', false],
    ['g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=', false],
  ])('%s: %s', async (signature, isValid) => {
    const headers = standardHeaders('msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, signature)
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    expect(await verify('standard', secret, headers, '{"test": 2432232314}', 1_614_265_330)).toBe(isValid)
  })
})

describe('Creem', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const key = Uint8Array.fromBase64('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
  const standard = async (bytesOfKey: Uint8Array) =>
    standardHeaders('msg_1', NOW, `v1,${(await hmac(bytesOfKey, `msg_1.${NOW}.{}`)).toBase64()}`)
  const plain = async (bytesOfKey: Uint8Array) => ({ 'creem-signature': hexOf(await hmac(bytesOfKey, '{}')) })

  it('signs the body with the characters of the secret, or as Standard Webhooks with the key it encodes', async () => {
    expect(await verify('creem', secret, await plain(bytes(secret)), '{}', NOW)).toBe(true)
    expect(await verify('creem', secret, await standard(key), '{}', NOW)).toBe(true)
    expect(await verify('creem', secret, await plain(key), '{}', NOW)).toBe(false)
    expect(await verify('creem', secret, await standard(bytes(secret)), '{}', NOW)).toBe(false)
  })

  it('the headers of Standard Webhooks decide if they are complete, as in its library', async () => {
    const [valid, invalid] = [await plain(bytes(secret)), await standard(bytes(secret))]
    expect(await verify('creem', secret, { ...valid, ...invalid }, '{}', NOW)).toBe(false)
    expect(await verify('creem', secret, { ...valid, ...(await standard(key)) }, '{}', NOW + 301)).toBe(false)
    for (const missing of Object.keys(invalid)) {
      expect(await verify('creem', secret, { ...valid, ...invalid, [missing]: '' }, '{}', NOW)).toBe(true)
    }
  })

  it('may write its own signature as its library reads it', async () => {
    const { 'creem-signature': hex } = await plain(bytes(secret))
    for (const headers of [
      { 'x-creem-signature': hex },
      { 'creem-signature': `sha256=${hex}` },
      { 'creem-signature': hex.toUpperCase() },
    ]) {
      expect(await verify('creem', secret, headers, '{}', NOW)).toBe(true)
    }
    expect(await verify('creem', secret, { 'creem-signature': `sha1=${hex}` }, '{}', NOW)).toBe(false)
  })
})

it('the signature covers the time exactly as in the header', async () => {
  const time = `0${NOW}`
  const hex = hexOf(await hmac(bytes('whsec_x'), `${time}.{}`))
  const digest = await hmac(bytes('key'), `msg_1.${time}.{}`)
  const headers = {
    'Stripe-Signature': `t=${time},v1=${hex}`,
    ...standardHeaders('msg_1', NOW, `v1,${btoa(String.fromCharCode(...digest))}`),
  }
  expect(await verify('stripe', 'whsec_x', headers, '{}', NOW)).toBe(true)
  expect(await verify('standard', btoa('key'), headers, '{}', NOW)).toBe(false)
  expect(await verify('standard', btoa('key'), { ...headers, 'webhook-timestamp': time }, '{}', NOW)).toBe(
    true,
  )
})

describe('at most 20 signatures are checked:', () => {
  const invalid = (count: number) => Array.from({ length: count }, (_, index) => index.toString(16))

  it.each([
    [19, true],
    [20, false],
    [1_000, false],
  ])('after %i invalid ones, the valid one is accepted: %s', async (count, isChecked) => {
    const hex = hexOf(await hmac(bytes('whsec_x'), `${NOW}.{}`))
    const hexes = [...invalid(count).map((text) => text.padStart(64, '0')), hex]
    const stripe = { 'Stripe-Signature': `t=${NOW},${hexes.map((text) => `v1=${text}`).join()}` }
    expect(await verify('stripe', 'whsec_x', stripe, '{}', NOW)).toBe(isChecked)

    const digest = (await hmac(bytes('key'), `msg_1.${NOW}.{}`)).toBase64()
    const digests = [...invalid(count).map((text) => `${text.padStart(42, 'A')}A=`), digest]
    const standard = standardHeaders('msg_1', NOW, digests.map((text) => `v1,${text}`).join(' '))
    expect(await verify('standard', btoa('key'), standard, '{}', NOW)).toBe(isChecked)
  })
})

it('an unsigned body is hashed once for each key, however many signatures come with it', async () => {
  const hexes = Array.from({ length: 20 }, (_, index) => `v1=${index.toString(16).padStart(64, '0')}`)
  const headers = { 'Stripe-Signature': `t=${NOW},${hexes.join()}` }
  const sign = vi.spyOn(crypto.subtle, 'sign')
  const verifyOne = vi.spyOn(crypto.subtle, 'verify')
  try {
    expect(await verify('stripe', ['whsec_x', 'whsec_y'], headers, '{}', NOW)).toBe(false)
    expect(sign.mock.calls.length + verifyOne.mock.calls.length).toBe(2)
  } finally {
    vi.restoreAllMocks()
  }
})

describe('a secret', () => {
  it.each(['dodo', 'standard'])('of %s is base64 with or without the prefix whsec_', (name) => {
    const { keys } = provider(name).signatures
    const encoded = btoa('keyseal demo secret of Dodo 0001')
    expect(keys(`whsec_${encoded}`)).toEqual(keys(encoded))
    expect(keys(encoded)).toEqual([bytes('keyseal demo secret of Dodo 0001')])
    for (const invalidSecret of [
      'whsec_',
      'whsec_!',
      'sk_live_1',
      'whsec_A',
      'whsec_AA=',
      'whsec_whsec_AAAA',
      'AA AA',
    ])
      expect(keys(invalidSecret)).toEqual([])
  })

  it('of Polar may be the whole text or the part after whsec_', () => {
    const { keys } = provider('polar').signatures
    expect(keys(POLAR_SECRET)).toHaveLength(2)
    expect(keys('polar_whs_AAAA')).toEqual([bytes('polar_whs_AAAA')])
    expect(keys('whsec_!')).toEqual([bytes('whsec_!')])
  })

  it.each([
    ['a&b<c', 'a&b<c'],
    ['a&amp;b', 'a&b'],
    ['&lt;&gt;&quot;&#039;&#39;', `<>"''`],
    ['&#0038;&#x26;&#X0027;&#x22;&#34;', `&&'""`],
    ['&amp;lt;', '&lt;'],
    ['&LT;&apos;&nbsp;&#x3c;&#65;&', '&LT;&apos;&nbsp;&#x3c;&#65;&'],
  ])('of WooCommerce is decoded as by WordPress: %s', (secret, key) => {
    expect(provider('woocommerce').signatures.keys(secret)).toEqual([bytes(key)])
  })

  it.each(['creem', 'fastspring', 'stripe'])('of %s is the whole text', (name) => {
    expect(provider(name).signatures.keys('whsec_AAAA')).toEqual([bytes('whsec_AAAA')])
  })
})

it('every provider has a unique name', () => {
  for (const known of PROVIDERS) expect(providerNamed(known.name)).toBe(known)
  expect(new Set(PROVIDERS.map((known) => known.name)).size).toBe(10)
  expect(PROVIDER_SAMPLES.map((samples) => samples.provider)).toEqual(PROVIDERS.map((known) => known.name))
  for (const name of ['', 'Stripe', 'constructor', '__proto__']) expect(providerNamed(name)).toBeUndefined()
})
