/** What commands tell of what they were given and of what is there: offers, API keys, and the help. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeClone } from './support/clone.ts'
import { type CommandLine, newShop, type Typed } from './support/keyseal.ts'

let shop: CommandLine

beforeAll(() => {
  shop = newShop()
})
afterAll(() => removeClone(shop.folder))

/** @param commands the words of each, separated by blanks */
function type(...commands: string[]): Typed[] {
  return commands.map((command) => shop.type(...command.split(' ')))
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

  it('changes what buyers get on purpose only, and tells all terms', () => {
    const [added, same, other, unchanged, replaced, afterwards] = type(
      `${offer} 30 --activation-limit 3 --json`,
      `${offer} 30 --activation-limit 3 --json`,
      `${offer} 7 --activation-limit 0 --mode seats`,
      'offers list --json',
      `${offer} 7 --activation-limit 3 --replace --json`,
      'offers list --json',
    )
    expect(JSON.parse(String(added?.stdout))).toEqual({ ...terms, isChanged: true })
    expect(same?.status).toBe(0)
    expect(JSON.parse(String(same?.stdout))).toEqual({ ...terms, isChanged: false })
    expect(other).toMatchObject({ status: 1, stdout: '' })
    expect(other?.stderr).toContain(
      'sells product 1 already, and was not changed: --validity-days 30 --activation-limit 3 --keys-per-unit 1 --mode key-per-unit.',
    )
    expect(other?.stderr).toContain('--replace')
    expect(JSON.parse(String(unchanged?.stdout))).toEqual([terms])
    expect(JSON.parse(String(replaced?.stdout))).toEqual({ ...terms, validityDays: 7, isChanged: true })
    expect(JSON.parse(String(afterwards?.stdout))).toEqual([{ ...terms, validityDays: 7 }])
  })

  it('replaces nothing by a product that is not there', () => {
    const [refused] = type(`${offer} 1 --activation-limit 3 --replace --product-id 77`)
    expect(refused).toMatchObject({ status: 1, stdout: '' })
    expect(refused?.stderr).toContain('There is no product 77')
  })
})

it('an API key is listed with the capabilities and networks it was created with, as lists', () => {
  const limits = '--capability use --capability stock --allow-ip 203.0.113.0/24 --allow-ip 192.0.2.1'
  const [limited, free, forScripts, forPeople] = type(
    `api-keys create --name A ${limits} --json`,
    'api-keys create --name B --json',
    'api-keys list --json',
    'api-keys list',
  )
  const created = [limited, free].map((each) => JSON.parse(String(each?.stdout)))
  expect(created[0].capabilities).toEqual(['use', 'stock'])
  expect(JSON.parse(String(forScripts?.stdout))).toMatchObject(created.map(({ apiKey, ...stored }) => stored))
  expect(forPeople?.stdout).toMatch(/ use, stock +203\.0\.113\.0\/24, 192\.0\.2\.1\/32 /)
})

it('the help says which options are required, and the rules of those that have some', () => {
  const [generators, issue] = type('generators add --help', 'issue --help').map(({ stdout }) =>
    stdout.replaceAll(/\s+/g, ' '),
  )
  expect(generators?.match(/--product-id <id> .*?\(required\)/)?.[0]).not.toContain('--method')
  expect(generators?.match(/--prefix <text> .*?--suffix/)?.[0]).not.toContain('(required)')
  expect(generators).toContain('at least 64 random bits')
  expect(generators).toContain('number of chunks, 1 to 48 (default: 4)')
  expect(issue).toMatch(/--idempotency-key <text> 1 to 255 visible ASCII characters/)
})
