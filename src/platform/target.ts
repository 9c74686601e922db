/**
 * Where deliveries may go. An address is taken from a setting or from a product's row, so it must not lead into
 * a network that is nobody's business: not by a private address in whatever spelling, and not by a name that
 * only means something inside. What a public name resolves to can not be seen from a Worker; there the platform
 * reaches public addresses only.
 */
import ipaddr from 'ipaddr.js'

/** Special-use names: RFC 6761 section 6.3, RFC 6762, RFC 8375, and ICANN's reserved `internal`. */
const INNER_NAMES = ['localhost', 'local', 'internal', 'home.arpa']

/**
 * @param isLocalDevelopment whether it may be local, and without TLS
 * @returns undefined where nothing may be sent
 */
export function deliveryTarget(text: string, isLocalDevelopment: boolean): URL | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return undefined
  if (isLocalDevelopment) return url.protocol === 'https:' || url.protocol === 'http:' ? url : undefined
  return url.protocol === 'https:' && isPublicHost(url.hostname) ? url : undefined
}

/** @param hostname as the URL parser leaves it: lower case, and every spelling of an IPv4 address in its four parts */
function isPublicHost(hostname: string): boolean {
  if (hostname.startsWith('[')) return isPublicIpv6(hostname.slice(1, -1))
  const name = hostname.replace(/\.$/, '')
  if (ipaddr.IPv4.isValidFourPartDecimal(name)) return ipaddr.IPv4.parse(name).range() === 'unicast'
  const labels = name.split('.')
  return (
    labels.length > 1 &&
    !labels.includes('') &&
    !INNER_NAMES.some((inner) => `.${name}`.endsWith(`.${inner}`))
  )
}

/** Of all IPv6 addresses only 2000::/3 are given to anybody (RFC 4291 section 2.4, IANA's registry). */
function isPublicIpv6(text: string): boolean {
  if (!ipaddr.IPv6.isValid(text)) return false
  const address = ipaddr.IPv6.parse(text)
  if (address.isIPv4MappedAddress()) return address.toIPv4Address().range() === 'unicast'
  return address.range() === 'unicast' && ((address.parts[0] ?? 0) & 0xe000) === 0x2000
}
