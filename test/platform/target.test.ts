import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { callbackTarget, deliveryTarget, webhookHttpHosts } from '../../src/platform/target.ts'

const PUBLIC = [
  'https://example.com/keys',
  'https://EXAMPLE.com:8443/keys?shop=1#part',
  'https://shop.example.co.uk',
  'https://example.com./',
  'https://bücher.example/',
  'https://localhost.example.com/',
  'https://notlocalhost.com/',
  'https://internal.example.com/',
  'https://93.184.216.34/',
  'https://0x5db8d822/', // 93.184.216.34
  'https://[2606:2800:220:1:248:1893:25c8:1946]/',
  'https://[::ffff:93.184.216.34]/',
]

const INVALID = [
  '',
  'junk',
  '//example.com/',
  'example.com',
  'ftp://example.com/',
  'javascript:alert(1)',
  'file:///etc/passwd',
  'data:text/plain,x',
  'https://',
  'https://user@example.com/',
  'https://user:secret@example.com/',
  'https://:secret@example.com/',
  'https://example.com@127.0.0.1/',
  'https://[::1%25lo]/',
  'https://256.256.256.256/',
  'https://1.2.3.4.5/',
]

const LOCAL = [
  'http://example.com/', // No TLS.
  'https://localhost/',
  'https://LOCALHOST./',
  'https://app.localhost/',
  'https://printer.local/',
  'https://printer.local./',
  'https://metadata.google.internal/',
  'https://router.home.arpa/',
  'https://intranet/',
  'https://intranet./',
  'https://intranet../',
  'https://example..com/',
  'https://127.0.0.1/',
  'https://127.0.0.1./',
  'https://127.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0x7f.0.0.1/',
  'https://0177.0.0.1/',
  'https://017700000001/',
  'https://１２７.０.０.１/',
  'https://127。0。0。1/',
  'https://①②⑦.0.0.1/',
  'https://%31%32%37.0.0.1/',
  'https://127.255.255.254/',
  'https://0/',
  'https://0.0.0.0/',
  'https://10.0.0.1/',
  'https://10.1/',
  'https://172.16.0.1/',
  'https://172.31.255.255/',
  'https://192.168.1.1/',
  'https://0xc0a80101/',
  'https://169.254.169.254/latest/meta-data/',
  'https://2852039166/', // 169.254.169.254
  'https://0251.0376.0251.0376/',
  'https://100.64.0.1/',
  'https://192.0.0.1/',
  'https://192.0.2.1/',
  'https://198.18.0.1/',
  'https://198.51.100.1/',
  'https://203.0.113.1/',
  'https://224.0.0.1/',
  'https://240.0.0.1/',
  'https://255.255.255.255/',
  'https://[::]/',
  'https://[::1]/',
  'https://[0:0:0:0:0:0:0:1]/',
  'https://[::127.0.0.1]/', // IPv4-compatible, RFC 4291 section 2.5.5.1.
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[::ffff:10.0.0.1]/',
  'https://[::ffff:169.254.169.254]/',
  'https://[::ffff:0:127.0.0.1]/', // RFC 6145.
  'https://[64:ff9b::7f00:1]/', // NAT64.
  'https://[64:ff9b:1::1]/',
  'https://[2002:7f00:1::]/', // 6to4 of 127.0.0.1.
  'https://[2001:0:7f00:1::1]/', // Teredo.
  'https://[2001:db8::1]/',
  'https://[fc00::1]/',
  'https://[fd12:3456:789a::1]/',
  'https://[fe80::1]/',
  'https://[fec0::1]/',
  'https://[ff02::1]/',
  'https://[100::1]/',
  'https://[5f00::1]/',
  'https://[4000::1]/', // Unallocated.
]

describe('a delivery may be sent', () => {
  it.each(PUBLIC)('to %s', (url) => {
    expect(deliveryTarget(url, false)?.href).toBe(new URL(url).href)
  })
})

describe('a delivery may not be sent', () => {
  it.each(LOCAL)('to %s, except in local development', (url) => {
    expect(deliveryTarget(url, false)).toBeUndefined()
  })

  it.each(INVALID)('to "%s", not even in local development', (url) => {
    expect(deliveryTarget(url, false)).toBeUndefined()
    expect(deliveryTarget(url, true)).toBeUndefined()
  })
})

describe('local development', () => {
  it.each([
    'http://localhost:3000/',
    'http://127.0.0.1/',
    'https://[::1]/',
    'http://192.168.1.7/',
    'https://a.b/',
  ])('may send to %s', (url) => {
    expect(deliveryTarget(url, true)?.href).toBe(url)
  })
})

describe('WEBHOOK_HTTP_HOSTS', () => {
  const settings = { WEBHOOK_HTTP_HOSTS: 'shop.example,shop.local:8080 192.168.1.7,[fd00::1]' }

  it.each([
    'http://shop.example/',
    'http://shop.local:8080/wp?key=1',
    'https://shop.local:8080/',
    'http://192.168.1.7/',
    'http://[fd00::1]/',
    'https://other.example/',
  ])('allows %s', (url) => {
    expect(callbackTarget(url, settings)?.href).toBe(url)
  })

  it.each([
    'http://other.example/',
    'http://www.shop.example/',
    'http://shop.example:8080/',
    'http://shop.example./',
    'http://shop.local/',
    'http://192.168.1.8/',
    'http://user@shop.example/',
    'ftp://shop.example/',
    ...LOCAL.filter((url) => url.startsWith('https:')),
  ])('does not allow %s', (url) => {
    expect(callbackTarget(url, settings)).toBeUndefined()
  })

  it('allows no host if it is missing or empty', () => {
    for (const settings of [{}, { WEBHOOK_HTTP_HOSTS: '' }, { WEBHOOK_HTTP_HOSTS: ' , ' }]) {
      expect(webhookHttpHosts(settings)).toEqual([])
      expect(callbackTarget('http://shop.example/', settings)).toBeUndefined()
    }
  })

  it.each([
    'Shop.example',
    'http://shop.example',
    'shop.example/path',
    'user@shop.example',
    '*',
    '*.example',
    'shop.example:80',
    '10.1',
    7,
  ])('is refused by name if it contains %s', (host) => {
    expect(() => webhookHttpHosts({ WEBHOOK_HTTP_HOSTS: host })).toThrow(/^WEBHOOK_HTTP_HOSTS is not a list/)
  })
})

describe('for any address,', () => {
  const octet = fc.nat(255)
  const address = fc.tuple(octet, octet, octet, octet)
  /** First and last addresses of non-public networks, listed independently of the code. */
  const isInternal = (value: number) =>
    [
      [0x00000000, 0x00ffffff],
      [0x0a000000, 0x0affffff],
      [0x64400000, 0x647fffff],
      [0x7f000000, 0x7fffffff],
      [0xa9fe0000, 0xa9feffff],
      [0xac100000, 0xac1fffff],
      [0xc0a80000, 0xc0a8ffff],
      [0xe0000000, 0xffffffff],
    ].some(([first = 0, last = 0]) => value >= first && value <= last)

  it('all spellings of an IPv4 address get the same result', () => {
    fc.assert(
      fc.property(address, ([a, b, c, d]) => {
        const value = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d
        const hex = value.toString(16)
        const spellings = [
          `${a}.${b}.${c}.${d}`,
          `${a}.${b}.${c}.${d}.`,
          `${a}.${b}.${c * 256 + d}`,
          `${a}.${b * 65_536 + c * 256 + d}`,
          String(value),
          `0x${hex}`,
          `0${value.toString(8)}`,
          `0X${a.toString(16)}.0${b.toString(8)}.${c}.${d}`,
          `[::ffff:${a}.${b}.${c}.${d}]`,
          `[0:0:0:0:0:FFFF:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}]`,
        ]
        const verdicts = spellings.map((host) => deliveryTarget(`https://${host}/`, false) !== undefined)
        expect(new Set(verdicts).size).toBe(1)
        if (isInternal(value)) expect(verdicts[0]).toBe(false)
      }),
    )
  })

  it('the check never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.string().map((host) => `https://${host}/`),
        ),
        (text) => {
          const target = deliveryTarget(text, false)
          if (target) expect(target.protocol).toBe('https:')
        },
      ),
    )
  })
})
