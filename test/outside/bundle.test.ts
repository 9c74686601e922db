import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { project, run } from './support/clone.ts'

const GZIPPED_BYTES_MAX = 200_000
const output = path.join(tmpdir(), `keyseal-bundle-${process.pid}`)
let bundle: string

/** The bundler's description of its output. */
interface Metafile {
  readonly outputs: Record<string, { readonly imports: { readonly path: string }[] }>
}

beforeAll(() => {
  const { status, output: errors } = run(
    project,
    'wrangler',
    'deploy',
    '--dry-run',
    '--outdir',
    output,
    '--metafile',
  )
  if (status !== 0) throw new Error(errors)
  bundle = readFileSync(path.join(output, 'index.js'), 'utf8')
})
afterAll(() => rmSync(output, { recursive: true, force: true }))

describe("the Worker's bundle", () => {
  it('stays under 200 kB gzipped', () => {
    expect(gzipSync(bundle).byteLength).toBeLessThan(GZIPPED_BYTES_MAX)
  })

  it('contains no Node.js polyfills and imports only modules of the platform', () => {
    // hono/jsx looks for a module of Node.js at run time, and works without it.
    expect(bundle).not.toMatch(/unenv|(?:from|import|require\()\s*"node:/)
    const metafile = JSON.parse(readFileSync(path.join(output, 'bundle-meta.json'), 'utf8')) as Metafile
    const imports = Object.values(metafile.outputs).flatMap((file) =>
      file.imports.map((imported) => imported.path),
    )
    expect(imports.filter((name) => !name.startsWith('cloudflare:'))).toEqual([])
  })
})
