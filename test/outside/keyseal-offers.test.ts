/** The output of commands about offers and API keys, and their help. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeClone } from './support/clone.ts'
import { type CommandLine, type CommandResult, newShop } from './support/keyseal.ts'

let shop: CommandLine

beforeAll(() => {
  shop = newShop()
})
afterAll(() => removeClone(shop.folder))

/** @param commands with their words separated by spaces */
function runAll(...commands: string[]): CommandResult[] {
  return commands.map((command) => shop.run(...command.split(' ')))
}

describe('keyseal offers add', () => {
  const offer = 'offers add --provider stripe --external-id price_1 --product-id 1 --validity-days'
  const terms = {
    provider: 'stripe',
    externalId: 'price_1',
    product: 1,
    mode: 'key-per-unit',
    keysPerUnit: 1,
    validityDays: 30,
    activationLimit: 3,
  }

  it('changes the terms of an offer only with --replace, and prints all terms', () => {
    const [added, repeated, conflicting, unchanged, replaced, afterwards] = runAll(
      `${offer} 30 --activation-limit 3 --json`,
      `${offer} 30 --activation-limit 3 --json`,
      `${offer} 7 --activation-limit 0 --mode seats`,
      'offers list --json',
      `${offer} 7 --activation-limit 3 --replace --json`,
      'offers list --json',
    )
    expect(JSON.parse(String(added?.stdout))).toEqual({ ...terms, isChanged: true })
    expect(repeated?.status).toBe(0)
    expect(JSON.parse(String(repeated?.stdout))).toEqual({ ...terms, isChanged: false })
    expect(conflicting).toMatchObject({ status: 1, stdout: '' })
    expect(conflicting?.stderr).toContain(
      'already sells product 1 with --validity-days 30 --activation-limit 3 --keys-per-unit 1 --mode key-per-unit, and was not changed.',
    )
    expect(conflicting?.stderr).toContain('--replace')
    expect(JSON.parse(String(unchanged?.stdout))).toEqual([terms])
    expect(JSON.parse(String(replaced?.stdout))).toEqual({ ...terms, validityDays: 7, isChanged: true })
    expect(JSON.parse(String(afterwards?.stdout))).toEqual([{ ...terms, validityDays: 7 }])
  })

  it('does not replace an offer if the product does not exist', () => {
    const [refused] = runAll(`${offer} 1 --activation-limit 3 --replace --product-id 77`)
    expect(refused).toMatchObject({ status: 1, stdout: '' })
    expect(refused?.stderr).toContain('There is no product 77')
  })
})

it('API keys are listed with their capabilities and networks', () => {
  const limits = '--capability use --capability stock --allow-ip 203.0.113.0/24 --allow-ip 192.0.2.1'
  const [restricted, unrestricted, json, table] = runAll(
    `api-keys create --name A ${limits} --json`,
    'api-keys create --name B --json',
    'api-keys list --json',
    'api-keys list',
  )
  const created = [restricted, unrestricted].map((result) => JSON.parse(String(result?.stdout)))
  expect(created[0].capabilities).toEqual(['use', 'stock'])
  expect(JSON.parse(String(json?.stdout))).toMatchObject(created.map(({ apiKey, ...stored }) => stored))
  expect(table?.stdout).toMatch(/ use, stock +203\.0\.113\.0\/24, 192\.0\.2\.1\/32 /)
})

it('the help names required options and the rules of values', () => {
  const [generators, issue] = runAll('generators add --help', 'issue --help').map(({ stdout }) =>
    stdout.replaceAll(/\s+/g, ' '),
  )
  expect(generators?.match(/--product-id <id> .*?\(required\)/)?.[0]).not.toContain('--method')
  expect(generators?.match(/--prefix <text> .*?--suffix/)?.[0]).not.toContain('(required)')
  expect(generators).toContain('at least 64 random bits')
  expect(generators).toContain('number of chunks, 1 to 48 (default: 4)')
  expect(issue).toMatch(/--idempotency-key <text> 1 to 255 visible ASCII characters/)
})
