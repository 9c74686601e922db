import { getPath } from 'hono/utils/url'

/**
 * Some shops send double or trailing slashes, an SDK of the protocol omits `/api`, and clients that were set up for a
 * server in PHP send `/index.php` or another case.
 */
export function canonicalPath(request: Request): string {
  const path = getPath(request)
    .replaceAll(/\/{2,}/g, '/')
    .replace(/(?<=.)\/$/, '')
  const [, endpoint] = /^(?:\/index\.php)?(?:\/api)?\/v1\/(.*)$/is.exec(path) ?? []
  return endpoint === undefined ? path : `/api/v1/${endpoint.toLowerCase()}`
}
