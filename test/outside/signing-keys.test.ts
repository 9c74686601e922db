/** The examples in docs/signing-keys.md verify Ed25519 signatures that openssl created. */
import { createPublicKey } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import vector from '../protocol/vector.json' with { type: 'json' }
import keyVectors from '../signing/key-vectors.json' with { type: 'json' }
import { isInstalled, type ProcessResult, project, run } from './support/clone.ts'
import { example } from './support/readme.ts'

const { privateKey, signature } = keyVectors.ed25519
const PYTHONS = ['python3', '/usr/bin/python3'].filter((python) =>
  isInstalled(python, '-c', 'import cryptography'),
)
const hasOpenssl3 =
  isInstalled('openssl', 'version') && /^OpenSSL 3/.test(run('.', 'openssl', 'version').output)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'keyseal-ed25519-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Writes the answer and the public key to the files that the examples read. */
function writeAnswer(privateKeyPem: string, signed: string, responseBase64 = vector.response_base64): void {
  const answer = `{"response":${vector.response},"response_base64":"${responseBase64}","private_key_used":"global","signature":"${signed}"}`
  writeFileSync(path.join(folder, 'answer.json'), answer)
  const publicKey = createPublicKey(privateKeyPem).export({ type: 'spki', format: 'pem' })
  writeFileSync(path.join(folder, 'public-key.pem'), publicKey)
}

function runExample(mark: string, file: string, ...program: [string, ...string[]]): ProcessResult {
  writeFileSync(path.join(folder, file), example(mark))
  const [name, ...parameters] = program
  return run(folder, name, ...parameters, file)
}

/** Expects that the example accepts the answer, and rejects it after a change of one character. */
function expectVerifies(verify: () => ProcessResult, printed: string): void {
  writeAnswer(privateKey, signature)
  expect(verify()).toEqual({ status: 0, output: `${printed}\n` })
  writeAnswer(privateKey, signature, vector.response_base64.replace('eyJ', 'eyK'))
  expect(verify().status).not.toBe(0)
  expect(verify().output).not.toContain(printed)
}

it.skipIf(!hasOpenssl3)('openssl verifies Ed25519 (skipped without OpenSSL 3)', () => {
  expectVerifies(
    () => runExample('run: openssl-ed25519', 'verify.sh', 'sh'),
    'Signature Verified Successfully',
  )
})

it('Node.js verifies Ed25519 and RSA with the same code', () => {
  const verify = () => runExample('run: node-either', 'verify.mjs', 'node')
  expectVerifies(verify, 'Verified 803')
  const rsa = readFileSync(path.join(project, 'test/support/global-signing-key.pem'), 'utf8')
  writeAnswer(rsa, vector.signature)
  expect(verify()).toEqual({ status: 0, output: 'Verified 803\n' })
  writeAnswer(rsa, signature)
  expect(verify().status).not.toBe(0)
})

it.skipIf(!isInstalled('php', '-r', 'sodium_crypto_sign_keypair();'))(
  'PHP verifies Ed25519 (skipped without php or its sodium)',
  () => expectVerifies(() => runExample('run: php-ed25519', 'verify.php', 'php'), 'Verified 803'),
)

it.skipIf(PYTHONS.length === 0)('Python verifies Ed25519 (skipped without its package cryptography)', () =>
  expectVerifies(
    () => runExample('run: python-ed25519', 'verify.py', PYTHONS[0] ?? 'python3'),
    'Verified 803',
  ),
)
