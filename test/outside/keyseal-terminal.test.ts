/** Commands on a terminal ask for confirmation and show progress. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeClone } from './support/clone.ts'
import { type CommandLine, newShop } from './support/keyseal.ts'
import { query } from './support/local-database.ts'
import { itRefuses } from './support/refusals.ts'
import { hasTerminal, onTerminal } from './support/terminal.ts'

/** Without npm, which starts slowly. */
const KEYSEAL = `${process.execPath} scripts/keyseal.ts`
const QUESTION = 'Type yes to continue: '

let shop: CommandLine

beforeAll(() => {
  shop = newShop()
  query(
    shop.folder,
    `insert into api_keys (name, key_hash, key_start, status, capabilities, created_at)
     values ('Shop', '${'0'.repeat(64)}', 'ks_1', 'active', '[]', 0);
     insert into generators (product_id, method, prefix, suffix, charset, number_of_chunks, chunk_length,
       activation_limit, validity_days, status, created_at, updated_at)
     values (1, 'uuid', '', '', 'AB', 1, 1, 0, 0, 1, 0, 0);
     insert into license_keys (product_id, license_key, status, activation_limit, validity_days, owner_name, owner_email,
       assigned_at, created_at, updated_at)
     values (1, 'SOLD-1', 'assigned', 0, 0, 'Ada', 'ada@example.com', 0, 0, 0)`,
  )
})
afterAll(() => removeClone(shop.folder))

function statusOfApiKey(): unknown {
  return query<{ status: string }>(shop.folder, 'select status from api_keys')[0]?.status
}

describe('a command that cannot be undone', () => {
  describe.skipIf(!hasTerminal)('on a terminal (skipped without script of util-linux)', () => {
    it.each([
      ['n', 'n\r'],
      ['y', 'y\r'],
      ['just Enter', '\r'],
      ['Ctrl-D', '\x04'],
      ['Ctrl-C', '\x03'],
    ])('asks for confirmation, and changes nothing if the answer is %s', async (_, keys) => {
      const { status, output } = await onTerminal(shop.folder, `${KEYSEAL} api-keys revoke 1`, QUESTION, keys)
      expect(output).toContain('API key 1 (')
      expect(output).toContain('Nothing was changed.')
      expect(output).not.toContain('Warning')
      expect(status).toBe(1)
      expect(statusOfApiKey()).toBe('active')
    })

    it.each([
      ['revokes the API key if the answer is yes', '', 'Yes \r'],
      ['revokes the API key without confirmation if --yes is set', '--yes', '\x03'],
    ])('%s', async (_, option, keys) => {
      query(shop.folder, `update api_keys set status = 'active'`)
      const command = `${KEYSEAL} api-keys revoke 1 ${option}`
      const { status, output } = await onTerminal(shop.folder, command, QUESTION, keys)
      expect(output.includes(QUESTION)).toBe(option === '')
      expect(output).toContain('API key 1 (Shop) is revoked.')
      expect(status).toBe(0)
      expect(statusOfApiKey()).toBe('inactive')
    })
  })

  describe('without a terminal', () => {
    const fault = 'Not a terminal, so nothing was changed. Run it again with --yes.'
    const commands = [
      ['products', 'disable', '1'],
      ['api-keys', 'revoke', '1'],
      ['generators', 'disable', '1'],
      ['licenses', 'reissue', 'SOLD-1'],
      ['signing-key', 'retire', 'kid'],
    ]
    itRefuses(
      () => shop,
      commands.map((words) => [words, fault]),
    )
  })
})

describe('keyseal stock import', () => {
  const terms = '--product-id 1 --validity-days 0 --activation-limit 0'
  const imported = { created: 0, known: 2_500, refused: [] }
  const progress = /\d+% \| \d+ added/

  function keysFile(): string {
    const file = path.join(shop.folder, 'keys.csv')
    writeFileSync(file, Array.from({ length: 2_500 }, (_, index) => `KEY-${index}\n`).join(''))
    return file
  }

  it('shows no progress if standard error is not a terminal', () => {
    const { status, stdout, stderr } = shop.run(...`stock import ${keysFile()} ${terms} --json`.split(' '))
    expect(JSON.parse(stdout)).toEqual({ ...imported, created: 2_500, known: 0 })
    // Only the warning that these keys are short.
    expect(stderr).toMatch(/^Warning: 2500 of 2500 license keys have less than 64 bits .*\n$/)
    expect(status).toBe(0)
  })

  it.skipIf(!hasTerminal)(
    'shows its progress on a terminal and prints one JSON value (skipped without script of util-linux)',
    async () => {
      const command = `${KEYSEAL} stock import ${keysFile()} ${terms} --json > report.json`
      const { status, output } = await onTerminal(shop.folder, command)
      expect(output).toMatch(progress)
      expect(JSON.parse(readFileSync(path.join(shop.folder, 'report.json'), 'utf8'))).toEqual(imported)
      expect(status).toBe(0)
    },
  )
})
