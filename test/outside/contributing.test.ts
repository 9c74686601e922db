/** Follows the steps in CONTRIBUTING.md to add an endpoint in a copy of the project. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { cloneProject, removeClone, run } from './support/clone.ts'
import { documents } from './support/readme.ts'

const folder = cloneProject()
afterAll(() => removeClone(folder))

interface Step {
  readonly kind: 'file' | 'insert'
  readonly file: string
  /** The code is inserted after the line that contains this text. */
  readonly after: string
  readonly code: string
}

const steps: Step[] = [
  ...(documents.get('CONTRIBUTING.md') ?? '').matchAll(
    /^ *<!-- (file|insert): (\S+?)(?:, after: ([^>]+))? -->\n *```ts\n([\s\S]*?)^ *```/gm,
  ),
].map(([, kind, file = '', after = '', code = '']) => ({
  kind: kind as Step['kind'],
  file,
  after,
  // The blocks are indented because they are part of a list.
  code: code.replaceAll(/^ {3}/gm, ''),
}))

function applyStep({ kind, file, after, code }: Step): void {
  const target = path.join(folder, file)
  if (kind === 'file') {
    mkdirSync(path.dirname(target), { recursive: true })
    writeFileSync(target, code)
    return
  }
  const lines = readFileSync(target, 'utf8').split('\n')
  const index = lines.findIndex((line) => line.includes(after))
  if (index < 0) throw new Error(`${file} has no line with ${after}.`)
  lines.splice(index + 1, 0, code.trimEnd())
  writeFileSync(target, lines.join('\n'))
}

it('the steps add an endpoint in four files, and it passes all checks', () => {
  const files = new Set(steps.map(({ file }) => file))
  expect(files.size).toBe(4)
  expect([...files].filter((file) => file.endsWith('.test.ts'))).toHaveLength(1)
  for (const step of steps) applyStep(step)

  expect(run(folder, 'node_modules/.bin/tsc', '-p', '.')).toEqual({ status: 0, output: '' })
  const tests = ['test/keys/count-activations.test.ts', 'test/security/battery.test.ts']
  const testRun = run(
    folder,
    'node_modules/.bin/vitest',
    'run',
    '--project',
    'worker',
    '-t',
    'count',
    ...tests,
  )
  expect(testRun, testRun.output).toMatchObject({ status: 0 })
  expect(testRun.output).toContain('2 passed')
  const openapi = run(folder, 'npm', 'run', 'openapi')
  expect(openapi, openapi.output).toMatchObject({ status: 0 })
  expect(readFileSync(path.join(folder, 'docs/api.md'), 'utf8')).toContain('GET /api/v1/count-activations')
})
