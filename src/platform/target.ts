/**
 * Checks the URLs that deliveries are sent to (SSRF protection). A URL comes from a setting, a product or an
 * order. It must not lead to a private address in any spelling, or to a name of an internal network. A Worker
 * cannot resolve public names, but the platform connects to public addresses only.
 */
import ipaddr from 'ipaddr.js'

/** Special-use names: RFC 6761 section 6.3, RFC 6762, RFC 8375, and ICANN's reserved `internal`. */
const INTERNAL_NAMES = ['localhost', 'local', 'internal', 'home.arpa']

/**
 * @param isLocalDevelopment whether local addresses and plain HTTP are allowed
 * @returns the URL, or undefined if deliveries must not be sent to it
 */
export function deliveryTarget(text: string, isLocalDevelopment: boolean): URL | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return undefined
  if (isLocalDevelopment) return url.protocol === 'https:' || url.protocol === 'http:' ? url : undefined
  return url.protocol === 'https:' && isPublicHost(url.hostname) ? url : undefined
}

/** @param hostname normalized by the URL parser: lowercase, and IPv4 addresses in four decimal parts */
function isPublicHost(hostname: string): boolean {
  if (hostname.startsWith('[')) return isPublicIpv6(hostname.slice(1, -1))
  const name = hostname.replace(/\.$/, '')
  if (ipaddr.IPv4.isValidFourPartDecimal(name)) return ipaddr.IPv4.parse(name).range() === 'unicast'
  const labels = name.split('.')
  return (
    labels.length > 1 &&
    !labels.includes('') &&
    !INTERNAL_NAMES.some((internal) => `.${name}`.endsWith(`.${internal}`))
  )
}

/** Only addresses in 2000::/3 are allocated as public (RFC 4291 section 2.4, IANA's registry). */
function isPublicIpv6(text: string): boolean {
  if (!ipaddr.IPv6.isValid(text)) return false
  const address = ipaddr.IPv6.parse(text)
  if (address.isIPv4MappedAddress()) return address.toIPv4Address().range() === 'unicast'
  return address.range() === 'unicast' && ((address.parts[0] ?? 0) & 0xe000) === 0x2000
}
