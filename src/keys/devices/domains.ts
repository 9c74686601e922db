/** Domains as devices: which texts name the same one, and which ones only developers use. */

/** What may stand before a domain: a scheme, and the name and password of a user. */
const BEFORE_DOMAIN = /^(?:[a-z][a-z\d+.-]*:)?\/\/(?:[^/@]*@)?|^[a-z][a-z\d+.-]*:\/\//i

/**
 * The shortest form of a domain: without scheme, `www.`, port and the slash at the end, in lower case. A path stays,
 * since sites in folders of one domain are different devices.
 *
 * @returns the text itself, in lower case, if it names no domain
 */
export function shortestDomain(text: string): string {
  const lowerCase = text.trim().toLowerCase()
  const [host = '', ...path] = lowerCase.replace(BEFORE_DOMAIN, '').split(/(?=[/?#])/)
  const name = host
    .replace(/:\d*$/, '')
    .replace(/\.$/, '')
    .replace(/^www\.(?=.)/, '')
  const short = `${name}${path.join('')}`.replace(/\/+$/, '')
  return short === '' ? lowerCase : short
}

/** Names that no public site has (RFC 6761, RFC 6762, RFC 9476), and those that hosts give to copies of a site. */
const DEVELOPMENT_ENDINGS = [
  'localhost',
  'local',
  'test',
  'example',
  'invalid',
  'internal',
  'home.arpa',
  'wpengine.com',
  'wpenginepowered.com',
  'kinsta.cloud',
  'flywheelsites.com',
  'flywheelstaging.com',
  'pantheonsite.io',
  'cloudwaysapps.com',
  'instawp.xyz',
  'instawp.co',
  'instawp.link',
  'easywp.com',
  'myftpupload.com',
  'sg-host.com',
  'dev.cc',
  'ddev.site',
  'lndo.site',
  'ngrok.io',
  'ngrok.app',
  'ngrok-free.app',
  'loca.lt',
]

/** First words of a domain: `staging.example.com`, `dev-2.example.com`. */
const DEVELOPMENT_START =
  /^(?:dev|develop|development|local|stage|staging|test|testing|preview)(?:-?\d+)?\.(?=.+\..)/

/** Addresses of private networks (RFC 1918, RFC 4291 section 2.5.3). */
const PRIVATE_ADDRESS = /^(?:127|10|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){1,3}$|^\[::1\]$/

/** @param domain in its shortest form */
export function isDevelopmentDomain(domain: string): boolean {
  const [name = ''] = domain.split(/[/?#]/)
  return (
    DEVELOPMENT_START.test(name) ||
    PRIVATE_ADDRESS.test(name) ||
    DEVELOPMENT_ENDINGS.some((ending) => name === ending || name.endsWith(`.${ending}`))
  )
}
