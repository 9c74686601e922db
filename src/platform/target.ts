/**
 * Checks the URLs that deliveries are sent to (SSRF protection). A URL comes from a setting, a product or an
 * order. It must not lead to a private address in any spelling, or to a name of an internal network. A Worker
 * cannot resolve public names, but the platform connects to public addresses only.
 */
import ipaddr from 'ipaddr.js'
import * as z from 'zod/mini'
import { checkSettings, isLocalDevelopment, oncePerIsolate, type Settings } from './settings.ts'

/** Special-use names: RFC 6761 section 6.3, RFC 6762, RFC 8375, and ICANN's reserved `internal`. */
const INTERNAL_NAMES = ['localhost', 'local', 'internal', 'home.arpa']

/**
 * @param isAnyHost whether private hosts and plain HTTP are allowed
 * @returns the URL, or undefined if deliveries must not be sent to it
 */
export function deliveryTarget(text: string, isAnyHost: boolean): URL | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return undefined
  if (isAnyHost) return url.protocol === 'https:' || url.protocol === 'http:' ? url : undefined
  return url.protocol === 'https:' && isPublicHost(url.hostname) ? url : undefined
}

const NOT_HOSTS = 'is not a list of hosts in lower case, such as shop.example or shop.local:8080'

const schema = z.object({
  WEBHOOK_HTTP_HOSTS: z._default(
    z.pipe(
      z.pipe(
        z.string(NOT_HOSTS),
        z.transform((text) => text.split(/[\s,]+/).filter((host) => host !== '')),
      ),
      z.array(z.string().check(z.refine(isHost, NOT_HOSTS))),
    ),
    [],
  ),
})

/**
 * The hosts that callbacks of orders may reach over plain HTTP, and even if they are private: exactly as a URL
 * has them, with the port unless it is the default.
 *
 * @throws SettingError
 */
export const webhookHttpHosts = oncePerIsolate(
  (settings): readonly string[] => checkSettings(schema, settings).WEBHOOK_HTTP_HOSTS,
)

/** A URL would accept `*`, which an operator may take for a wildcard. */
function isHost(text: string): boolean {
  if (text.includes('*')) return false
  return URL.canParse(`http://${text}/`) && new URL(`http://${text}/`).host === text
}

/** `deliveryTarget` for the `webhook_url` of an order. */
export function callbackTarget(text: string, settings: Settings): URL | undefined {
  const isLocal = isLocalDevelopment(settings)
  const isNamed = URL.canParse(text) && webhookHttpHosts(settings).includes(new URL(text).host)
  return deliveryTarget(text, isLocal || isNamed)
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
