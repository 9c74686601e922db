import { describe, expect, it } from 'vitest'
import { ENDPOINTS } from '../../src/api/v1.ts'
import { CODES } from '../../src/envelope/codes.ts'
import { QUANTITY_LIMIT } from '../../src/licensing/issuance.ts'
import { readme } from './support/readme.ts'

describe('the README', () => {
  it('lists exactly the endpoints there are', () => {
    const listed = [...readme.matchAll(/^\| `((?:GET|POST) \S+)` \|/gm)].map(([, endpoint]) => endpoint)
    expect(listed.sort()).toEqual(ENDPOINTS.map(({ method, path }) => `${method} ${path}`).sort())
  })

  it('lists exactly the codes there are, with their status and text', () => {
    const section = readme.slice(readme.indexOf('## Codes'), readme.indexOf('## Deploying'))
    const listed = [...section.matchAll(/^\| (\d+) +\| (\d+) +\| ([^|]+?) +\|/gm)].map(
      ([, ...cells]) => cells,
    )
    const known = Object.values(CODES).map(({ code, status, message }) => [
      String(code),
      String(status),
      message,
    ])
    expect(listed.sort()).toEqual(known.sort())
  })

  it('names the limit of a request', () => {
    expect(readme).toContain(`never more than ${QUANTITY_LIMIT}`)
  })
})
