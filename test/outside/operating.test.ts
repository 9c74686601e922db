/** The operator's commands for generators and the blocklist, on a local database of its own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cloneProject, removeClone, run } from './support/clone.ts'
import { example } from './support/readme.ts'

let folder: string

beforeAll(() => {
  folder = cloneProject()
  run(folder, 'npx', 'wrangler', 'd1', 'migrations', 'apply', 'DB', '--local')
  command('products', 'add', '--name', 'App')
})

afterAll(() => removeClone(folder))

function command(name: string, ...parameters: string[]) {
  return run(folder, 'npm', 'run', '--silent', 'keyseal', '--', name, ...parameters)
}

const generators = (...parameters: string[]) => command('generators', ...parameters)

const TERMS = ['--validity-days', '365', '--activation-limit', '3']
const CHUNKS = ['add', '--product-id', '1', '--method', 'chunk-system', ...TERMS]

describe('keyseal generators', () => {
  it('adds one, lists it, and disables it', () => {
    expect(generators('list').output).toContain('No generators yet: ')
    expect(generators(...CHUNKS, '--prefix', 'APP-')).toMatchObject({
      status: 0,
      output: expect.stringContaining('Generator 1 makes the keys of product 1 from now on: 80.0 bits'),
    })
    const uuid = ['add', '--product-id', '1', '--method', 'uuid', ...TERMS]
    expect(generators(...uuid).output).toContain('122.0 bits')
    expect(generators('list').output).toMatch(
      /1 +1 +chunk-system +APP- +23456789ABCDEFGHJKLMNPQRSTUVWXYZ +4 x 4 +365 +3 +active/,
    )
    expect(generators('disable', '1', '--yes').output).toContain('Generator 1 makes no keys any more')
    expect(generators('list').output).toMatch(/1 +1 +chunk-system .* inactive\n2 +1 +uuid .* active\n/)
  })

  it.each([
    [[...CHUNKS, '--chunk-length', '2'], 'The key space has 40.0 bits; at least 64 are needed'],
    [[...CHUNKS, '--charset', 'AAB'], 'each of them once'],
    [[...CHUNKS, '--prefix', 'Ä'], 'The prefix and the suffix must be'],
    [[...CHUNKS, '--product-id', '99'], 'There is no product 99'],
    [
      ['add', '--product-id', '1', '--method', 'custom', ...TERMS],
      "'custom' is invalid. Allowed choices are uuid, chunk-system.",
    ],
    [['add', '--product-id', '1', '--method', 'uuid'], "required option '--validity-days <n>' not specified"],
    [['disable'], "missing required argument 'id'"],
    [['disable', '1'], 'repeat it with --yes'],
    [['disable', '99', '--yes'], 'There is no generator 99'],
    [['remove', '1'], "unknown command 'remove'"],
  ])('%j fails and says why: %s', (parameters, fault) => {
    const { status, output } = generators(...parameters)
    expect(status).toBe(1)
    expect(output).toContain(fault)
  })

  it('adds the one that the README prints', () => {
    const { status, output } = run(folder, 'bash', '-ec', example('run: generators'))
    expect(status).toBe(0)
    expect(output).toContain('makes the keys of product 1 from now on: 123.9 bits')
  })
})

describe('keyseal blocklist', () => {
  it('blocks what the README prints, lists it, and lets it in again', () => {
    expect(command('blocklist', 'list').output).toContain('Nobody is blocked.')
    const { status, output } = run(folder, 'bash', '-ec', example('run: blocklist'))
    expect(status).toBe(0)
    expect(output).toContain('203.0.113.0/24')
    expect(output).toContain('stolen-laptop')
    expect(command('blocklist', 'remove', '--network', '203.0.113.0/24').status).toBe(0)
    expect(command('blocklist', 'list').output).not.toContain('203.0.113.0/24')
  })

  it.each([
    [['add', '--network', '10.0/8'], 'It is neither an address nor a network'],
    [['add'], 'Give either --network or --identifier.'],
    [['remove', '--identifier', 'nobody'], 'nobody'],
  ])('%j fails and says why: %s', (parameters, fault) => {
    const { status, output } = command('blocklist', ...parameters)
    expect(status).toBe(1)
    expect(output).toContain(fault)
  })
})
