import { createPublicKey, verify } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import vector from '../protocol/vector.json' with { type: 'json' }
import { isInstalled, project, run } from './support/clone.ts'

const privateKeyFile = path.join(project, 'test/support/global-signing-key.pem')

describe('the pinned envelope', () => {
  it('encodes its response', () => {
    expect(Buffer.from(vector.response_base64, 'base64').toString('utf8')).toBe(vector.response)
  })

  it('is verified by Node.js', () => {
    const publicKey = createPublicKey(readFileSync(privateKeyFile))
    const signature = Buffer.from(vector.signature, 'base64')
    expect(verify('sha256', Buffer.from(vector.response_base64), publicKey, signature)).toBe(true)
    expect(verify('sha256', Buffer.from(`${vector.response_base64}=`), publicKey, signature)).toBe(false)
  })

  it.skipIf(!isInstalled('openssl', 'version'))('is verified by openssl (skipped without openssl)', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'keyseal-vector-'))
    try {
      writeFileSync(path.join(folder, 'signed.txt'), vector.response_base64)
      writeFileSync(path.join(folder, 'signature.bin'), Buffer.from(vector.signature, 'base64'))
      expect(
        run(folder, 'openssl', 'pkey', '-in', privateKeyFile, '-pubout', '-out', 'public.pem').status,
      ).toBe(0)
      const result = run(
        folder,
        'openssl',
        'dgst',
        '-sha256',
        '-verify',
        'public.pem',
        '-signature',
        'signature.bin',
        'signed.txt',
      )
      expect(result).toEqual({ status: 0, output: 'Verified OK\n' })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
