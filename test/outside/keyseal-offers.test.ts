/** The output of commands about offers and API keys, and their help. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeClone } from './support/clone.ts'
import { type CommandLine, type CommandResult, newShop } from './support/keyseal.ts'
import { query } from './support/local-database.ts'
import { itRefuses } from './support/refusals.ts'

let shop: CommandLine

beforeAll(() => {
  shop = newShop()
})
afterAll(() => removeClone(shop.folder))

/** @param commands with their words separated by spaces */
function runAll(...commands: string[]): CommandResult[] {
  return commands.map((command) => shop.run(...command.split(' ')))
}

describe('keyseal offers', () => {
  const offer = 'offers add --provider stripe --external-id price_1 --product-id 1 --validity-days'
  const terms = {
    provider: 'stripe',
    externalId: 'price_1',
    product: 1,
    mode: 'key-per-unit',
    keysPerUnit: 1,
    validityDays: 30,
    activationLimit: 3,
    followsSubscription: true,
    graceDays: 3,
    features: null,
  }

  /** The validity of every row of an offer, and whether the row sells, in the order of insertion. */
  function rowsOf(id: string): unknown[] {
    const sql = `select validity_days as days, removed_at is null as sells from offers where external_id = '${id}' order by id`
    return query<{ days: number; sells: number }>(shop.folder, sql).map(({ days, sells }) => [
      days,
      sells === 1,
    ])
  }

  it('gets other terms only with --replace, and prints all terms', () => {
    const [added, repeated, conflicting, unchanged, replaced, same, afterwards] = runAll(
      `${offer} 30 --activation-limit 3 --json`,
      `${offer} 30 --activation-limit 3 --json`,
      `${offer} 7 --activation-limit 0 --mode seats`,
      'offers list --json',
      `${offer} 7 --activation-limit 3 --replace --json`,
      `${offer} 7 --activation-limit 3 --replace --json`,
      'offers list --json',
    )
    expect(JSON.parse(String(added?.stdout))).toEqual({ ...terms, isChanged: true })
    expect(repeated?.status).toBe(0)
    expect(JSON.parse(String(repeated?.stdout))).toEqual({ ...terms, isChanged: false })
    expect(conflicting).toMatchObject({ status: 1, stdout: '' })
    expect(conflicting?.stderr).toContain(
      'already sells product 1 with --validity-days 30 --activation-limit 3 --keys-per-unit 1 --mode key-per-unit --grace-days 3, and was not changed.',
    )
    expect(conflicting?.stderr).toContain('--replace')
    expect(JSON.parse(String(unchanged?.stdout))).toEqual([terms])
    expect(JSON.parse(String(replaced?.stdout))).toEqual({ ...terms, validityDays: 7, isChanged: true })
    expect(JSON.parse(String(same?.stdout))).toEqual({ ...terms, validityDays: 7, isChanged: false })
    expect(JSON.parse(String(afterwards?.stdout))).toEqual([{ ...terms, validityDays: 7 }])
  })

  it('keeps the row with the earlier terms, to which orders refer', () => {
    expect(rowsOf('price_1')).toEqual([
      [30, false],
      [7, true],
    ])
  })

  it('is not replaced if the product does not exist', () => {
    const [refused] = runAll(`${offer} 1 --activation-limit 3 --replace --product-id 77`)
    expect(refused).toMatchObject({ status: 1, stdout: '' })
    expect(refused?.stderr).toContain('There is no product 77')
    expect(rowsOf('price_1').at(-1)).toEqual([7, true])
  })

  it('that was removed keeps its row, and can be added again', () => {
    const name = '--provider stripe --external-id price_1'
    const [removed, again, empty, added] = runAll(
      `offers remove ${name}`,
      `offers remove ${name}`,
      'offers list --json',
      `${offer} 7 --activation-limit 3 --json`,
    )
    expect(removed?.stdout).toContain('Offer price_1 at stripe removed.')
    expect(again?.stderr).toContain('There is no offer price_1 at stripe.')
    expect(JSON.parse(String(empty?.stdout))).toEqual([])
    expect(JSON.parse(String(added?.stdout))).toMatchObject({ validityDays: 7, isChanged: true })
    expect(rowsOf('price_1')).toEqual([
      [30, false],
      [7, false],
      [7, true],
    ])
  })

  it.each([
    ['', { validityDays: 0 }],
    ['--own-validity', { followsSubscription: false }],
    ['--grace-days 0', { graceDays: 0 }],
    ['--grace-days 365', { graceDays: 365 }],
    ['--features pro,cloud', { features: ['pro', 'cloud'] }],
    ['--features []', { features: [] }],
  ])('has terms that differ with "%s"', (options, changed) => {
    const [add, id] = ['offers add --provider polar --product-id 1 --activation-limit 3', crypto.randomUUID()]
    const withOptions = `${add} --external-id ${id} ${options}`.trim()
    const [added, repeated, conflicting, replaced] = runAll(
      `${withOptions} --json`,
      `${withOptions} --json`,
      `${add} --external-id ${id} --mode seats --json`,
      `${add} --external-id ${id} --mode seats --replace --json`,
    )
    const stored = { ...terms, provider: 'polar', externalId: id, validityDays: 0 }
    expect(JSON.parse(String(added?.stdout))).toEqual({ ...stored, ...changed, isChanged: true })
    expect(JSON.parse(String(repeated?.stdout))).toEqual({ ...stored, ...changed, isChanged: false })
    expect(conflicting?.stderr).toContain(options.replace('[]', '"[]"'))
    expect(JSON.parse(String(replaced?.stdout))).toEqual({ ...stored, mode: 'seats', isChanged: true })
  })

  it('is listed with its terms', () => {
    runAll(
      'offers add --provider dodo --external-id pro --product-id 1 --activation-limit 3 --features pro,cloud',
    )
    const [heading, line] = shop.run('offers', 'list').stdout.split('\n')
    expect(heading).toMatch(/follows subscription +grace days +features$/)
    expect(line).toMatch(/^dodo +pro +1 +key-per-unit +1 +0 +3 +true +3 +pro, cloud$/)
  })

  itRefuses(
    () => shop,
    [
      [['offers', 'add', '--grace-days', '366'], 'It must be a whole number from 0 to 365.'],
      [['offers', 'add', '--features', 'pro,'], 'It must be a list of names'],
    ],
  )
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
