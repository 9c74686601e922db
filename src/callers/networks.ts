/**
 * Address allow-lists, in a form that SQL can match without arithmetic: a list holds canonical networks, a
 * caller's address is expanded into every network that contains it, and the two have a common member or not.
 *
 * Canonical form: the address with its host bits cleared, a slash and the prefix length; IPv4 in dotted
 * decimal, IPv6 as eight hexadecimal groups without leading zeros and without `::`, so that there is one
 * spelling. An IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) is its IPv4 address.
 */
import ipaddr from 'ipaddr.js'

/**
 * @param address an IPv4 or IPv6 address as text, or null where it is unknown
 * @returns every network that contains it, narrowest first: 33 for IPv4, 129 for IPv6, none for anything else
 */
export function networksContaining(address: string | null): string[] {
  if (address === null || !isPlainAddress(address)) return []
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv4
    ? networksOf([...parsed.octets], 8, 10, '.')
    : networksOf([...parsed.parts], 16, 16, ':')
}

/** Clears one bit after the other, from the last to the first; of the text only the group that changed is new. */
function networksOf(groups: number[], bitsPerGroup: number, radix: number, separator: string): string[] {
  const texts = groups.map((group) => group.toString(radix))
  const networks: string[] = []
  for (let prefixLength = groups.length * bitsPerGroup; prefixLength > 0; prefixLength--) {
    networks.push(`${texts.join(separator)}/${prefixLength}`)
    const index = Math.ceil(prefixLength / bitsPerGroup) - 1
    const cleared = (groups[index] ?? 0) & ~(1 << ((index + 1) * bitsPerGroup - prefixLength))
    groups[index] = cleared
    texts[index] = cleared.toString(radix)
  }
  networks.push(`${texts.join(separator)}/0`)
  return networks
}

/**
 * @param text an address or a network in CIDR notation (RFC 4632, RFC 4291 section 2.3)
 * @returns its canonical form, or undefined where it is neither
 */
export function canonicalNetwork(text: string): string | undefined {
  const [address = '', length, ...rest] = text.split('/')
  if (rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return undefined
  const networks = networksContaining(address)
  const bits = networks.length - 1
  // The 96 bits in front of a mapped IPv4 address are fixed: a prefix counts from behind them.
  const bitsInFront = bits === 32 && address.includes(':') ? 96 : 0
  return networks[bits - (Number(length ?? bits + bitsInFront) - bitsInFront)]
}

/** Refuses what the library would accept besides: `127.1`, octal and hexadecimal IPv4, zone identifiers. */
function isPlainAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && !text.includes('%'))
}
