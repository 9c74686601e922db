/** Runs the tests of the PHP client, and its driver for the tests that all clients share. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { isInstalled, project, run } from '../support/clone.ts'

const CAN_RUN =
  'exit(PHP_VERSION_ID >= 80100 && extension_loaded("sodium") && extension_loaded("openssl") ? 0 : 1);'
const PUBLIC_KEY = 'a5'.repeat(32)

describe.skipIf(!isInstalled('php', '-r', CAN_RUN))(
  'the PHP client (skipped without PHP 8.1 with sodium and openssl)',
  () => {
    it('passes its own tests', () => {
      expect(run(project, 'php', 'clients/php/tests/run.php')).toEqual({
        status: 0,
        output: expect.stringMatching(/^(Skipped .+\n)*\d+ passed, 0 failed\n$/),
      })
    })

    it('answers the commands of the shared tests', () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'keyseal-php-'))
      const options = {
        ...{ server: 'http://127.0.0.1:1', apiKey: 'a-key', productId: 1 },
        ...{ fileKeys: [PUBLIC_KEY], answerKeys: [] },
      }
      try {
        const [wrongOption, created, ...answers] = runDriver([
          { do: 'new', folder, options },
          { do: 'new', folder, options: { ...options, answerKeys: [ed25519Pem(PUBLIC_KEY)] } },
          { do: 'clock', now: '2026-11-28T12:00:00.000Z' },
          { do: 'check' },
          { do: 'settle' },
          { do: 'has', feature: 'pro' },
        ])
        expect(wrongOption).toEqual({ error: expect.stringContaining('answerKeys') })
        expect([created, answers[0], answers[2]]).toEqual([{}, {}, {}])
        const unlicensed = {
          state: 'unlicensed',
          features: [],
          expiresAt: null,
          daysLeft: 0,
          code: null,
          reason: null,
        }
        expect([answers[1], answers[3]]).toEqual([unlicensed, { has: false }])
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  },
)

function runDriver(commands: readonly object[]): unknown[] {
  const input = commands.map((command) => `${JSON.stringify(command)}\n`).join('')
  const { stdout } = spawnSync('php', ['drivers/php.php'], {
    cwd: import.meta.dirname,
    input,
    encoding: 'utf8',
  })
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** RFC 8410 section 4. */
function ed25519Pem(hex: string): string {
  const der = Buffer.from(`302a300506032b6570032100${hex}`, 'hex')
  return `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----`
}
