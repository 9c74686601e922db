/**
 * Address allow-lists, in a form that SQL can match without arithmetic: a list holds canonical networks, a
 * caller's address is expanded into every network that contains it, and the two have a common member or not.
 *
 * Canonical form: the address with its host bits cleared, a slash and the prefix length; IPv4 in dotted
 * decimal, IPv6 as eight hexadecimal groups without leading zeros and without `::`, so that there is one
 * spelling. An IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) is its IPv4 address.
 */
import ipaddr from 'ipaddr.js'

interface Address {
  /** Most significant first: 4 numbers of 8 bits for IPv4, 8 of 16 bits for IPv6. */
  readonly groups: readonly number[]
  readonly bitsPerGroup: 8 | 16
}

/**
 * @param address an IPv4 or IPv6 address as text, or null where it is unknown
 * @returns every network that contains it, narrowest first: 33 for IPv4, 129 for IPv6, none for anything else
 */
export function networksContaining(address: string | null): string[] {
  if (address === null || !isPlainAddress(address)) return []
  const { groups, bitsPerGroup } = groupsOf(ipaddr.process(address))
  const networks: string[] = []
  for (let prefixLength = groups.length * bitsPerGroup; prefixLength >= 0; prefixLength--) {
    networks.push(network({ groups, bitsPerGroup }, prefixLength))
  }
  return networks
}

/**
 * @param text an address or a network in CIDR notation (RFC 4632, RFC 4291 section 2.3)
 * @returns its canonical form, or undefined where it is neither
 */
export function canonicalNetwork(text: string): string | undefined {
  const [address = '', length, ...rest] = text.split('/')
  if (rest.length > 0 || !isPlainAddress(address)) return undefined
  const parsed = ipaddr.parse(address)
  const mapped = parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress()
  const bits = parsed.kind() === 'ipv4' ? 32 : 128
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined
  const prefixLength = Number(length ?? bits)
  if (prefixLength > bits) return undefined
  if (!mapped) return network(groupsOf(parsed), prefixLength)
  // The 96 bits in front of a mapped IPv4 address are fixed; a shorter prefix is no IPv4 network.
  return prefixLength >= 96 ? network(groupsOf(parsed.toIPv4Address()), prefixLength - 96) : undefined
}

/** Refuses what the library would accept besides: `127.1`, octal and hexadecimal IPv4, zone identifiers. */
function isPlainAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && !text.includes('%'))
}

function groupsOf(address: ipaddr.IPv4 | ipaddr.IPv6): Address {
  return address instanceof ipaddr.IPv4
    ? { groups: address.octets, bitsPerGroup: 8 }
    : { groups: address.parts, bitsPerGroup: 16 }
}

function network({ groups, bitsPerGroup }: Address, prefixLength: number): string {
  const kept = groups.map((group, index) => {
    const keptBits = Math.min(Math.max(prefixLength - index * bitsPerGroup, 0), bitsPerGroup)
    return group & (-1 << (bitsPerGroup - keptBits))
  })
  const text = bitsPerGroup === 8 ? kept.join('.') : kept.map((group) => group.toString(16)).join(':')
  return `${text}/${prefixLength}`
}
