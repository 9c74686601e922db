import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ENDPOINTS } from '../../src/endpoints.ts'
import { QUANTITY_LIMIT } from '../../src/issuing/inserts.ts'
import { CODES } from '../../src/protocol/codes.ts'
import { project } from './support/clone.ts'
import { documents, readme } from './support/readme.ts'

const packageJson = JSON.parse(readFileSync(path.join(project, 'package.json'), 'utf8')) as {
  license: string
  engines: { node: string }
}

const api = documents.get('docs/api.md') ?? ''
const settings = documents.get('docs/settings.md') ?? ''

describe('the README', () => {
  it('has at most 200 lines', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(200)
  })

  it('has badges that are true', () => {
    expect(readme).toContain(`badge/license-${packageJson.license}-blue`)
    expect(readme).toContain(`badge/node-${encodeURIComponent(packageJson.engines.node)}-blue`)
    expect(existsSync(path.join(project, '.github/workflows/ci.yml'))).toBe(true)
    expect(readme).toContain('actions/workflows/ci.yml/badge.svg')
  })

  it('links to every document', () => {
    const linked = [...readme.matchAll(/\]\(([^)#]+\.md)/g)].map(([, name]) => name)
    const others = [...documents.keys()].filter((name) => name !== 'README.md')
    expect(linked).toEqual(expect.arrayContaining(others))
  })
})

describe('docs/api.md', () => {
  it('lists exactly the endpoints of the server', () => {
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
  it('names the highest quantity of a request', () => {
    expect(settings).toContain(`never more than ${QUANTITY_LIMIT}`)
  })
})
