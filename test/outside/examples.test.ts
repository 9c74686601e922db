/** The rules for all examples. test/outside/examples runs them. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { project } from './support/clone.ts'
import { example } from './support/readme.ts'

const LINES_LIMIT = 100
const folder = path.join(project, 'examples')

const PROGRAMS: Readonly<Record<string, string>> = {
  electron: 'main.js',
  'node-cli': 'tool.js',
  'python-desktop': 'app.py',
  'wordpress-plugin': 'keyseal-example.php',
}

const read = (...names: string[]) => readFileSync(path.join(folder, ...names), 'utf8')

it('has a program in each folder', () => {
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(PROGRAMS))
})

describe.each(Object.entries(PROGRAMS))('examples/%s', (name, program) => {
  it(`has fewer than ${LINES_LIMIT} lines in its program`, () => {
    expect(read(name, program).trimEnd().split('\n').length).toBeLessThan(LINES_LIMIT)
  })

  it('starts with one documented command, which prepares it', () => {
    expect(example(`run: example-${name}`)).toBe(`npm --prefix examples/${name} start\n`)
    expect(JSON.parse(read(name, 'package.json')).scripts.prestart).toContain('node ../prepare.js')
  })

  it('says that public keys ship with the app', () => {
    expect(read(name, program).replaceAll(/\s+(?:#|\/\/)? ?/g, ' ')).toContain(
      'Do not download public keys when',
    )
  })
})
