import { describe, expect, it } from 'vitest'
import { repository } from '../../package.json'
import { repositoryAddress } from '../../src/http/home-page.ts'
import { readEnvelope, send } from '../support/client.ts'
import { requestLines } from '../support/log.ts'

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'

/** Requests `/` as a browser does by default. @param accept null: without the header */
function home({ method = 'GET', accept = BROWSER as string | null } = {}): Promise<Response> {
  return send({ path: '/', method, ...(accept && { headers: { Accept: accept } }) })
}

/** All headers, without the request id. */
function comparable({ headers }: Response): [string, string][] {
  return [...headers].map(([name, value]) => [name, name === 'x-request-id' ? '' : value])
}

describe('/', () => {
  it('shows browsers a page that may load only its own style sheet and images', async () => {
    const response = await home()
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toEqual({
      'cache-control': 'no-store',
      'content-security-policy':
        "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'content-type': 'text/html; charset=utf-8',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=31536000',
      vary: 'Accept',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.any(String),
    })
    const page = await response.text()
    for (const path of ['/docs', '/openapi.json', '/.well-known/jwks.json', '/health']) {
      expect(page).toContain(`<a href="${path}">`)
    }
    expect(requestLines()).toEqual([expect.objectContaining({ endpoint: '/', status: 200, code: null })])
  })

  it.each([
    ['GET', '*/*'],
    ['GET', null],
    ['GET', 'application/json'],
    ['GET', 'application/json, text/html'],
    ['GET', 'application/json, text/html;q=0.9'],
    ['GET', 'text/html;q=0, */*;q=0.1'],
    ['POST', BROWSER],
    ['OPTIONS', BROWSER],
  ])('answers %s with Accept: %s like an unknown path', async (method, accept) => {
    const response = await home({ method, accept })
    expect(comparable(response)).toEqual(comparable(await send({ path: '/nothing' })))
    expect(await readEnvelope(response)).toMatchObject({ status: 404, response: { code: 2404 } })
  })

  it('answers HEAD with the headers of GET', async () => {
    const head = await home({ method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect(comparable(head)).toEqual(comparable(await home()))
  })
})

describe('the link to the repository', () => {
  it.each([
    ['https://example.com/owner/keyseal', 'https://example.com/owner/keyseal'],
    [{ type: 'git', url: 'git+https://example.com/owner/keyseal.git' }, 'https://example.com/owner/keyseal'],
    ['', undefined],
    ['git@example.com:owner/keyseal.git', undefined],
    ['https://example.com/"><script>', undefined],
  ])('of %j is %s', (field, address) => {
    expect(repositoryAddress(field)).toBe(address)
  })

  it('is on the page if and only if package.json names the repository', async () => {
    const address = repositoryAddress(repository)
    expect(address !== undefined).toBe(repository !== '')
    expect((await (await home()).text()).includes(`<a href="${address}">`)).toBe(repository !== '')
  })
})
