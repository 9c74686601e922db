import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { readKeygen } from '../../src/admin/imports/formats/keygen.ts'
import { example } from './support/readme.ts'

it('the script of the docs joins owners and machines of Keygen', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'keyseal-import-'))
  const of = (type: string, id: string) => ({ data: { type, id } })
  const files = {
    licenses: [
      {
        id: 'l1',
        attributes: { key: 'K-1' },
        relationships: { owner: of('users', 'u1'), policy: of('policies', 'p1') },
      },
      { id: 'l2', attributes: { key: 'K-2' }, relationships: { owner: { data: null } } },
    ],
    users: [{ id: 'u1', attributes: { fullName: 'Ada Lovelace', email: 'ada@example.com' } }],
    machines: [
      {
        id: 'm1',
        attributes: { fingerprint: 'f1', created: '2026-01-01T00:00:00Z' },
        relationships: { license: of('licenses', 'l1') },
      },
      {
        id: 'm2',
        attributes: { fingerprint: 'f2', created: '2026-01-02T00:00:00Z' },
        relationships: { license: of('licenses', 'l1') },
      },
    ],
  }
  for (const [name, objects] of Object.entries(files)) {
    writeFileSync(path.join(folder, `${name}.json`), JSON.stringify(objects))
  }
  writeFileSync(path.join(folder, 'join.mjs'), example('run: join-keygen'))
  const output = execFileSync(process.execPath, ['join.mjs'], { cwd: folder, encoding: 'utf8' })
  rmSync(folder, { recursive: true })
  const rows = output
    .trim()
    .split('\n')
    .map((line) => readKeygen(JSON.parse(line)))
  expect(rows).toMatchObject([
    {
      license: {
        licenseKey: 'K-1',
        ownerName: 'Ada Lovelace',
        ownerEmail: 'ada@example.com',
        activations: [{ identifier: 'f1' }, { identifier: 'f2' }],
      },
    },
    { license: { licenseKey: 'K-2', ownerEmail: null, activations: [] } },
  ])
})
