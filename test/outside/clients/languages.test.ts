/** Runs the programs of docs/verify-license-files.md, and OpenSSL, on license files that the Worker made. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { isInstalled, type ProcessResult, run } from '../support/clone.ts'
import { documents, example } from '../support/readme.ts'
import { ED25519_KEY, FILE_VECTORS, type FileVector, KEY_PEMS, PRODUCT_ID } from './file-vectors.ts'
import { build, TOOLCHAINS } from './toolchains.ts'

const REASONS = {
  expired: /expired/,
  // For some bytes, Java throws its own exception.
  tampered: /not a machine file|wrong signature|SignatureException|unexpected algorithm/,
  'wrong-machine': /another (?:license key or )?machine/,
  'other-product': /another product/,
  'clock-set-back': /the clock is set back/,
}

/** A busy machine compiles slowly. */
const BUILD_MS_MAX = 600_000

const text = documents.get('docs/verify-license-files.md') ?? ''

describe.each(TOOLCHAINS)('the program in $language (skipped without $needs)', (toolchain) => {
  const canRun = toolchain.isInstalled()
  const vectors = FILE_VECTORS.filter(({ algorithm }) => algorithm === 'ed25519')
  let program: ReturnType<typeof build>

  beforeAll(() => {
    if (canRun) program = build(toolchain)
  }, BUILD_MS_MAX)

  function verify({ now, file, licenseKey, identifier }: FileVector): ProcessResult {
    return program(now, file, ED25519_KEY, licenseKey, identifier, PRODUCT_ID)
  }

  it.skipIf(!canRun).each(vectors)('knows what to say about the vector $name', (vector) => {
    const { verdict, expiry = '' } = vector.expect
    const { status, output } = verify(vector)
    if (verdict === 'valid') {
      expect(output).toMatch(/^valid until \S+\n$/)
      expect(Date.parse(output.slice('valid until '.length).trimEnd())).toBe(Date.parse(expiry))
      expect(status).toBe(0)
    } else {
      expect(output).toMatch(REASONS[verdict])
      expect(status).toBe(1)
    }
  })

  it.skipIf(!canRun)('accepts a file with Windows line ends', () => {
    const good = vectorNamed('good')
    expect(verify({ ...good, file: good.file.replaceAll('\n', '\r\n') }).status).toBe(0)
  })

  it.skipIf(!canRun)('refuses a signed file whose algorithm was renamed', () => {
    const good = vectorNamed('good')
    const { status, output } = verify({ ...good, file: renameAlgorithm(good.file, 'base64+ed25519') })
    expect(output).toContain('unexpected algorithm')
    expect(status).toBe(1)
  })
})

function vectorNamed(name: string): FileVector {
  const vector = FILE_VECTORS.find((candidate) => candidate.name === name)
  if (vector === undefined) throw new Error(`There is no vector named ${name}.`)
  return vector
}

/** The signature does not cover the name of the algorithm. */
function renameAlgorithm(file: string, alg: string): string {
  return file.replace(/(?<=-----\n)[^-]+(?=-----END)/, (base64) => {
    const certificate = JSON.parse(Buffer.from(base64, 'base64').toString())
    return `${Buffer.from(JSON.stringify({ ...certificate, alg })).toString('base64')}\n`
  })
}

describe('the programs of docs/verify-license-files.md', () => {
  const LINES_MAX = 39
  const IMPORT = /^(?:package |import |use |using |\t"|\)$)/
  const programs = [...text.matchAll(/run: license-file-(\w+) -->\n```(?!sh)\w+\n([\s\S]*?)^```/gm)].map(
    ([, language = '', code = '']) => ({
      language,
      lines: code.split('\n').filter((line) => line !== '' && !IMPORT.test(line)),
    }),
  )

  it('are in five languages', () => {
    expect(programs.map(({ language }) => language)).toEqual(['go', 'rust', 'csharp', 'java', 'swift'])
  })

  it.each(programs)('have fewer than 40 lines: $language', ({ lines }) => {
    expect(lines.length).toBeLessThanOrEqual(LINES_MAX)
  })
})

describe.skipIf(!isInstalled('openssl', 'version'))('OpenSSL (skipped without openssl)', () => {
  const folder = mkdtempSync(path.join(inject('scratch'), 'openssl-'))
  const [, rsaCommand = ''] = text.match(/^`(openssl dgst .*)`\.$/m) ?? []
  const commands = {
    ed25519: example('run: license-file-openssl'),
    'rsa-sha256': example('run: license-file-openssl').replace(/^openssl pkeyutl .*$/m, rsaCommand),
  }

  it.each(FILE_VECTORS)(
    'agrees about the signature of the vector $name',
    ({ file, algorithm, expect: expected }) => {
      writeFileSync(path.join(folder, 'file-key.pem'), KEY_PEMS[algorithm])
      writeFileSync(path.join(folder, 'license.lic'), file)
      const { status, output } = run(folder, 'bash', '-ec', commands[algorithm])
      const isGenuine = /^(?:Signature Verified Successfully|Verified OK)$/m.test(output)
      expect({ isGenuine, fails: status !== 0 }).toEqual(
        expected.verdict === 'tampered'
          ? { isGenuine: false, fails: true }
          : { isGenuine: true, fails: false },
      )
    },
  )
})
