import { describe, expect, it } from 'vitest'
import { canonicalNetwork, networksContaining } from '../../src/callers/networks.ts'

describe('the networks that contain an address', () => {
  it('are 33 for IPv4, from /32 to /0', () => {
    const networks = networksContaining('203.0.113.129')
    expect(networks).toHaveLength(33)
    expect(new Set(networks).size).toBe(33)
    expect(networks.slice(0, 9)).toEqual([
      '203.0.113.129/32',
      '203.0.113.128/31',
      '203.0.113.128/30',
      '203.0.113.128/29',
      '203.0.113.128/28',
      '203.0.113.128/27',
      '203.0.113.128/26',
      '203.0.113.128/25',
      '203.0.113.0/24',
    ])
    expect(networks.slice(-3)).toEqual(['192.0.0.0/2', '128.0.0.0/1', '0.0.0.0/0'])
  })

  it('are 129 for IPv6', () => {
    const networks = networksContaining('2001:db8:ffff::8001')
    expect(networks).toHaveLength(129)
    expect(networks[0]).toBe('2001:db8:ffff:0:0:0:0:8001/128')
    expect(networks[16]).toBe('2001:db8:ffff:0:0:0:0:0/112')
    expect(networks[96]).toBe('2001:db8:0:0:0:0:0:0/32')
    expect(networks[128]).toBe('0:0:0:0:0:0:0:0/0')
  })

  it('of an IPv4-mapped address are those of its IPv4 address', () => {
    expect(networksContaining('::ffff:203.0.113.129')).toEqual(networksContaining('203.0.113.129'))
    expect(networksContaining('::ffff:cb00:7181')).toEqual(networksContaining('203.0.113.129'))
  })

  it.each([
    null,
    '',
    'junk',
    '1.2.3',
    '1.2.3.4.5',
    '256.0.0.1',
    '010.0.0.1',
    '0x7f.1',
    '127.1',
    'fe80::1%eth0',
    '::1::',
    ' 1.2.3.4',
    '1.2.3.4/32',
  ])('do not exist for %j', (address) => expect(networksContaining(address)).toEqual([]))
})

describe('canonicalNetwork', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9/32'],
    ['203.0.113.9/24', '203.0.113.0/24'],
    ['203.0.113.9/0', '0.0.0.0/0'],
    ['2001:DB8::/32', '2001:db8:0:0:0:0:0:0/32'],
    ['2001:0db8:0000::0001', '2001:db8:0:0:0:0:0:1/128'],
    ['2001:db8:ffff::/33', '2001:db8:8000:0:0:0:0:0/33'],
    ['::/0', '0:0:0:0:0:0:0:0/0'],
    ['::ffff:203.0.113.9', '203.0.113.9/32'],
    ['::ffff:203.0.113.9/120', '203.0.113.0/24'],
  ])('turns %s into %s', (text, canonical) => {
    expect(canonicalNetwork(text)).toBe(canonical)
    expect(networksContaining(text.split('/')[0] ?? '')).toContain(canonical)
  })

  it.each([
    '',
    'junk',
    '203.0.113.0/33',
    '203.0.113.0/-1',
    '203.0.113.0/',
    '203.0.113.0/2 4',
    '2001:db8::/129',
    '1.2.3.4/8/8',
    '::ffff:1.2.3.4/95',
    '10.0/8',
  ])('rejects %j', (text) => expect(canonicalNetwork(text)).toBeUndefined())
})
