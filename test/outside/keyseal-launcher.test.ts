/** `keyseal` as installed by `npm link`, started with a Node.js that is not the project's. */

import { spawn, spawnSync } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { project } from './support/clone.ts'

const projectNode = realpathSync(path.join(project, 'node_modules/node/bin/node'))

/** The first Node.js of the machine that is not the project's. */
function findSystemNode(): string | undefined {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter(path.isAbsolute)
  const candidates = [...folders, '/usr/local/bin', '/usr/bin'].map((folder) => path.join(folder, 'node'))
  return candidates.find((program) => {
    const found = spawnSync(program, ['-p', 'process.execPath'], { encoding: 'utf8' })
    return found.status === 0 && realpathSync(found.stdout.trim()) !== projectNode
  })
}

const node = findSystemNode()
let bin: string

beforeAll(() => {
  bin = mkdtempSync(path.join(tmpdir(), 'keyseal-bin-'))
  const { bin: names } = JSON.parse(readFileSync(path.join(project, 'package.json'), 'utf8')) as {
    bin: { keyseal: string }
  }
  if (node) symlinkSync(node, path.join(bin, 'node'))
  // Like npm: a link to the package, and a link to its file.
  symlinkSync(project, path.join(bin, 'package'))
  symlinkSync(path.join('package', names.keyseal), path.join(bin, 'keyseal'))
  symlinkSync('/usr/bin/env', path.join(bin, 'env'))
})

afterAll(() => rmSync(bin, { recursive: true }))

describe.skipIf(node === undefined)("keyseal (skipped if the machine has only the project's Node.js)", () => {
  const environment = () => ({ PATH: bin, HOME: bin })

  function keyseal(...words: string[]) {
    const program = path.join(bin, 'keyseal')
    return spawnSync(program, words, { encoding: 'utf8', env: environment(), cwd: bin })
  }

  it('runs a command with its arguments and passes on its output', () => {
    const { status, stdout, stderr } = keyseal('signing-key', 'create', '--algorithm', 'EdDSA')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(createPrivateKey(stdout).asymmetricKeyType).toBe('ed25519')
  })

  it('passes on the exit code and errors', () => {
    const { status, stdout, stderr } = keyseal('signing-key', 'create', '--algorithm', 'DSA')
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain("'DSA' is invalid")
  })

  it('passes on standard input and signals, and exits like the command', async () => {
    const folder = projectWith(`
        process.stdin.on('data', (data) => process.stdout.write('got ' + data))
        process.on('SIGTERM', () => process.stdout.write('stopping', () => process.exit(7)))`)
    expect(await signalDuringOutput(folder, 'SIGTERM')).toEqual({
      output: 'got hello, stopping',
      status: 7,
      signal: null,
    })
    expect(await signalDuringOutput(folder, 'SIGINT')).toMatchObject({ status: null, signal: 'SIGINT' })
  })

  /** Writes to standard input, and sends the signal after the program echoed it. */
  async function signalDuringOutput(folder: string, signalSent: NodeJS.Signals) {
    const child = spawn(path.join(folder, 'scripts/keyseal.js'), [], { env: environment() })
    child.stdin.write('hello, ')
    let output = ''
    child.stdout.on('data', (data) => {
      if (output === '') child.kill(signalSent)
      output += data
    })
    // The launcher and the program both keep the output open, so this waits for both to exit.
    const [status, signal] = await once(child, 'close')
    return { output, status, signal }
  }

  it('explains how to install missing packages', () => {
    const folder = projectWith('')
    rmSync(path.join(folder, 'node_modules'))
    const program = path.join(folder, 'scripts/keyseal.js')
    const { status, stderr } = spawnSync(program, ['doctor'], { encoding: 'utf8', env: environment() })
    expect(status).toBe(1)
    expect(stderr).toBe(`The packages of Keyseal are not installed: cd ${realpathSync(folder)} && npm ci\n`)
  })

  /** @returns the folder of a project whose command line is this program */
  function projectWith(program: string): string {
    const folder = mkdtempSync(path.join(bin, 'project-'))
    mkdirSync(path.join(folder, 'scripts'))
    for (const name of ['scripts/keyseal.js', 'scripts/quick-drizzle.js']) {
      cpSync(path.join(project, name), path.join(folder, name))
    }
    cpSync(path.join(project, 'package.json'), path.join(folder, 'package.json'))
    writeFileSync(path.join(folder, 'scripts/keyseal.ts'), program)
    symlinkSync(path.join(project, 'node_modules'), path.join(folder, 'node_modules'))
    return folder
  }
})
