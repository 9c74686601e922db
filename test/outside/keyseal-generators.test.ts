/** The commands for generators and the blocklist. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeClone, run } from './support/clone.ts'
import { type CommandLine, newShop } from './support/keyseal.ts'
import { example } from './support/readme.ts'
import { itRefuses } from './support/refusals.ts'

let shop: CommandLine

beforeAll(() => {
  shop = newShop()
})

afterAll(() => removeClone(shop.folder))

const TERMS = ['--validity-days', '365', '--activation-limit', '3']
const uuids = ['generators', 'add', '--product-id', '1', '--method', 'uuid', ...TERMS]
const chunks = ['generators', 'add', '--product-id', '1', '--method', 'chunk-system', ...TERMS]

describe('keyseal generators', () => {
  it('adds, lists and disables a generator', () => {
    expect(shop.run('generators', 'list').stdout).toContain('No generators yet: ')
    expect(shop.run(...chunks, '--prefix', 'APP-')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(
        'Generator 1 added. Orders for product 1 use it from now on. Each license key has 79.3 random bits.',
      ),
    })
    expect(shop.run(...uuids).stdout).toContain('122.0 random bits')
    expect(shop.run('generators', 'list').stdout).toMatch(
      /1 +1 +chunk-system +APP- +23456789ABCDEFGHJKMNPQRSTUVWXYZ +4 +4 +365 +3 +active/,
    )
    const disabled = shop.run('generators', 'disable', '1', '--yes')
    expect(disabled.stdout).toContain('Generator 1 is disabled.')
    const listed = shop.run('generators', 'list').stdout
    expect(listed).toMatch(/1 +1 +chunk-system .* inactive\n2 +1 +uuid .* active\n/)
  })

  itRefuses(
    () => shop,
    [
      [
        [...chunks, '--chunk-length', '2'],
        'only 39.6 random bits and could be guessed. At least 64 are required.',
      ],
      [[...chunks, '--charset', 'AAB'], '2 to 64 different visible ASCII characters'],
      [[...uuids, '--charset', 'abc'], '--charset needs --method chunk-system. Leave it out'],
      [[...uuids, '--chunk-length', '4'], '--chunk-length needs --method chunk-system'],
      [[...chunks, '--prefix', 'Ä'], 'The prefix and the suffix must be'],
      [[...chunks, '--product-id', '99'], 'There is no product 99'],
      [[...chunks, '--method', 'custom'], "'custom' is invalid. Allowed choices are uuid, chunk-system."],
      [chunks.slice(0, -4), "required option '--validity-days <n>' not specified"],
      [chunks.slice(0, -2), "required option '--activation-limit <n>' not specified"],
      [['generators', 'disable'], "missing required argument 'id'"],
      [['generators', 'disable', '99', '--yes'], 'There is no generator 99'],
      [['generators', 'remove', '1'], "unknown command 'remove'"],
    ],
  )

  it('adds the generator in the document', () => {
    const { status, output } = run(shop.folder, 'bash', '-ec', example('run: generators'))
    expect(status).toBe(0)
    expect(output).toContain('Each license key has 123.9 random bits.')
  })
})

describe('keyseal blocklist', () => {
  it('blocks, lists and unblocks as in the document', () => {
    expect(shop.run('blocklist', 'list').stdout).toContain('The blocklist is empty.')
    const { status, output } = run(shop.folder, 'bash', '-ec', example('run: blocklist'))
    expect(status).toBe(0)
    expect(output).toContain('203.0.113.0/24')
    expect(output).toContain('stolen-laptop')
    expect(shop.run('blocklist', 'remove', '--network', '203.0.113.0/24').status).toBe(0)
    const remaining = shop.run('blocklist', 'list').stdout
    expect(remaining).toContain('stolen-laptop')
    expect(remaining).not.toContain('203.0.113.0/24')
  })

  itRefuses(
    () => shop,
    [
      [['blocklist', 'add', '--network', '10.0/8'], 'It must be an IP address or a network'],
      [['blocklist', 'add'], 'Give either --network or --identifier.'],
      [['blocklist', 'remove', '--identifier', 'unknown'], 'unknown'],
    ],
  )
})
