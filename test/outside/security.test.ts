import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { project } from './support/clone.ts'

const security = readFileSync(path.join(project, 'SECURITY.md'), 'utf8')

describe('SECURITY.md', () => {
  it('names only tests that exist', () => {
    const named = [...security.matchAll(/`(test\/[^`]+)`/g)].map(([, file = '']) => file)
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter((file) => !existsSync(path.join(project, file)))).toEqual([])
  })

  it('covers each of the ten risks with a test', () => {
    const rows = [...security.matchAll(/^\| (API\d+) [^|]+\|[^|]+\| `test\//gm)].map(([, risk]) => risk)
    expect(rows).toEqual(Array.from({ length: 10 }, (_, index) => `API${index + 1}`))
  })
})
