import { describe, expect, it } from 'vitest'
import { ENDPOINTS } from '../../src/endpoints.ts'
import { QUANTITY_LIMIT } from '../../src/issuing/inserts.ts'
import { CODES } from '../../src/protocol/codes.ts'
import { documents, readme } from './support/readme.ts'

const api = documents.get('docs/api.md') ?? ''
const settings = documents.get('docs/settings.md') ?? ''

describe('the README', () => {
  it('is short enough to be read', () => {
    expect(readme.split('\n').length).toBeLessThan(400)
  })
})

describe('docs/api.md', () => {
  it('lists exactly the endpoints that the server has', () => {
    const listed = [...api.matchAll(/^\| `((?:GET|POST) \S+)` \|/gm)].map(([, endpoint]) => endpoint)
    expect(listed.sort()).toEqual(ENDPOINTS.map(({ method, path }) => `${method} ${path}`).sort())
  })

  it('lists exactly the codes of the server, with status and message', () => {
    const listed = [
      ...api.slice(api.indexOf('## Codes')).matchAll(/^\| (\d+) +\| (\d+) +\| ([^|]+?) +\|/gm),
    ].map(([, ...cells]) => cells)
    const known = Object.values(CODES).map(({ code, status, message }) => [
      String(code),
      String(status),
      message,
    ])
    expect(listed.sort()).toEqual(known.sort())
  })
})

describe('docs/settings.md', () => {
  it('names the limit of a request', () => {
    expect(settings).toContain(`never more than ${QUANTITY_LIMIT}`)
  })
})
