/** The package of the JavaScript client: what apps install. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { cloneProject, project, removeClone, run } from '../support/clone.ts'
import { runShell } from '../support/local-database.ts'
import { example } from '../support/readme.ts'
import { LICENSE_KEY } from './support/file-maker.ts'
import { FILE_KEY, fileAnswer } from './support/javascript-app.ts'
import { answerPem, type LicenseServer, startLicenseServer } from './support/license-server.ts'

const CORE_BYTES_MAX = 8_000
const source = path.join(project, 'clients/javascript')

function json(file: string) {
  return JSON.parse(readFileSync(file, 'utf8'))
}

async function bundled(entry: string) {
  const { outputFiles, metafile } = await build({
    entryPoints: [path.join(source, entry)],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    external: ['node:*'],
    target: 'chrome120',
    write: false,
    metafile: true,
  })
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path))
  return { bytes: gzipSync(outputFiles[0]?.contents ?? '').byteLength, imports }
}

describe('the entries', () => {
  it('the core stays under 8 kB gzipped and imports nothing', async () => {
    const { bytes, imports } = await bundled('src/index.ts')
    expect(bytes).toBeLessThan(CORE_BYTES_MAX)
    expect(imports).toEqual([])
  })

  it('only the entry for Node.js imports modules, and only those of Node.js', async () => {
    expect((await bundled('src/device-browser.ts')).imports).toEqual([])
    const { imports } = await bundled('src/device.ts')
    expect(imports.filter((name) => !name.startsWith('node:'))).toEqual([])
  })
})

describe('the package', () => {
  let clone: string
  let app: string
  let server: LicenseServer

  beforeAll(async () => {
    server = await startLicenseServer()
    clone = cloneProject()
    const home = mkdtempSync(path.join(inject('scratch'), 'home-'))
    app = path.join(home, 'my-app')
    mkdirSync(app)
    writeFileSync(path.join(app, 'package.json'), '{"type":"module"}')
    runShell(clone, example('run: javascript-client-install'), `HOME=${home}`, 'npm_config_offline=true')
  })
  afterAll(async () => {
    removeClone(clone)
    await server.close()
  })

  it('has the version of the project, no dependencies and its license', () => {
    const manifest = json(path.join(app, 'node_modules/keyseal-client/package.json'))
    expect(manifest.version).toBe(json(path.join(project, 'package.json')).version)
    expect(manifest).not.toHaveProperty('dependencies')
    const license = readFileSync(path.join(app, 'node_modules/keyseal-client/dist/LICENSE'), 'utf8')
    expect(license).toBe(readFileSync(path.join(project, 'LICENSE'), 'utf8'))
  })

  it.each([
    ['nodenext', 'nodenext', []],
    ['preserve', 'bundler', []],
    ['preserve', 'bundler', ['browser']],
  ])(
    'has types for the module kind %s and the resolution %s, conditions %j',
    (module, resolution, conditions) => {
      writeFileSync(
        path.join(app, 'app.ts'),
        `import { Keyseal, type KeysealOptions, type Status, readAnswer, verifyFile } from 'keyseal-client'
       import { device, storage } from 'keyseal-client/device'
       declare const options: Omit<KeysealOptions, 'device' | 'storage'>
       const keyseal = new Keyseal({ ...options, device: device('app'), storage: storage('app') })
       export const status: Status = await keyseal.check()
       // @ts-expect-error: no state has this name
       export const wrong = status.state === 'licensed'
       export const daysLeft: number | null = status.daysLeft
       export const functions = [readAnswer, verifyFile]`,
      )
      const compilerOptions = {
        module,
        moduleResolution: resolution,
        customConditions: module === 'preserve' ? conditions : undefined,
        ...{ strict: true, noEmit: true, target: 'es2022', lib: ['es2022', 'dom'], types: [] },
      }
      writeFileSync(path.join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['app.ts'] }))
      expect(run(app, path.join(project, 'node_modules/.bin/tsc'), '-p', '.')).toEqual({
        status: 0,
        output: '',
      })
    },
  )

  it('runs the example of its README as printed', async () => {
    server.react = ({ fields }) => fileAnswer(Date.now(), { identifier: String(fields.identifier) })
    const [, example = ''] =
      /```js\n([\s\S]*?)```/.exec(readFileSync(path.join(source, 'README.md'), 'utf8')) ?? []
    const program = example
      .replace('https://licenses.example.com', server.origin)
      .replace('hex, from /.well-known/license-file-keys.json', FILE_KEY)
      .replace("'PEM, from /api/v1/public-key'", JSON.stringify(answerPem))
    writeFileSync(path.join(app, 'example.js'), program)
    const environment = { ...process.env, XDG_CONFIG_HOME: app, APPDATA: app, HOME: app }
    for (const words of [[LICENSE_KEY], []]) {
      const { stdout } = await promisify(execFile)('node', ['example.js', ...words], {
        cwd: app,
        env: environment,
      })
      expect(stdout).toBe('The pro features are on.\n')
    }
  })
})
