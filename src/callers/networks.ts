/**
 * Address allowlists, in a form that SQL can match without arithmetic. A list contains canonical networks,
 * and a caller's address is expanded into every network that contains it. The address is allowed if the two
 * sets intersect.
 *
 * Canonical form: the address with its host bits cleared, a slash and the prefix length. IPv4 is dotted
 * decimal. IPv6 is eight hexadecimal groups without leading zeros and without `::`, so each network has
 * exactly one spelling. An IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) is treated as its IPv4
 * address.
 */
import ipaddr from 'ipaddr.js'

/** @returns the caller's address as seen by Cloudflare, or null if unknown */
export function addressOf({ headers }: Request): string | null {
  return headers.get('CF-Connecting-IP')
}

/**
 * @param address an IPv4 or IPv6 address, or null if unknown
 * @returns every network that contains it, narrowest first: 33 for IPv4, 129 for IPv6, none for anything else
 */
export function networksContaining(address: string | null): string[] {
  if (address === null || !isPlainAddress(address)) return []
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv4
    ? networksOf([...parsed.octets], 8, 10, '.')
    : networksOf([...parsed.parts], 16, 16, ':')
}

/** Clears the bits one by one, from the last to the first, and formats only the group that changed. */
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
 * @returns its canonical form, or undefined if the text is neither
 */
export function canonicalNetwork(text: string): string | undefined {
  const [address = '', length, ...rest] = text.split('/')
  if (rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return undefined
  const networks = networksContaining(address)
  const bits = networks.length - 1
  // A mapped IPv4 address starts with 96 fixed bits, which its prefix length includes.
  const fixedBits = bits === 32 && address.includes(':') ? 96 : 0
  return networks[bits - (Number(length ?? bits + fixedBits) - fixedBits)]
}

/** Excludes forms that the library accepts: `127.1`, octal and hexadecimal IPv4, zone identifiers. */
function isPlainAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && !text.includes('%'))
}
