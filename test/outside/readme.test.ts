import { describe, expect, it } from 'vitest'
import { ENDPOINTS } from '../../src/endpoints.ts'
import { QUANTITY_LIMIT } from '../../src/issuing/issuance.ts'
import { CODES } from '../../src/protocol/codes.ts'
import { documents, readme } from './support/readme.ts'

const api = documents.get('docs/api.md') ?? ''
const settings = documents.get('docs/settings.md') ?? ''

describe('the README', () => {
  it('lists exactly the endpoints there are', () => {
    const listed = [...readme.matchAll(/^\| `((?:GET|POST) \S+)` \|/gm)].map(([, endpoint]) => endpoint)
    expect(listed.sort()).toEqual(ENDPOINTS.map(({ method, path }) => `${method} ${path}`).sort())
  })

  it('is short enough to be read', () => {
    expect(readme.split('\n').length).toBeLessThan(400)
  })
})

describe('the documents', () => {
  it('list exactly the codes there are, with their status and text', () => {
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

  it('name the limit of a request', () => {
    expect(settings).toContain(`never more than ${QUANTITY_LIMIT}`)
  })
})
