/** The first sale: a sample event, an offer, a retry, and the deliveries to seller and buyer. */

import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import path from 'node:path'
import { parseEnv } from 'node:util'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort, type Running, removeClone, run, startService } from './support/clone.ts'
import { cloneWithDatabase, commandLineIn } from './support/keyseal.ts'
import { query } from './support/local-database.ts'
import { example } from './support/readme.ts'
import { itRefuses } from './support/refusals.ts'

interface Posted {
  readonly headers: Record<string, string>
  readonly body: string
}

let folder: string
let port: number
let service: Running
let receiver: Server
let receiverUrl: string
const posted: Posted[] = []
/** The statuses of the receiver's responses in order; then 200. */
const statuses: number[] = []

beforeAll(async () => {
  folder = cloneWithDatabase()
  port = await freePort()
  service = await startService(folder, port, /\ncurl -s .*\n/)
  receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      posted.push({ headers: request.headers as Record<string, string>, body })
      response.writeHead(statuses.shift() ?? 200).end()
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const address = receiver.address()
  receiverUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/keys`
})

afterAll(async () => {
  receiver?.close()
  await service?.interrupt()
  removeClone(folder)
})

const operator = () => commandLineIn(folder, { PORT: String(port) })

/** @param commands with their words separated by spaces. @returns their outputs; all must succeed */
function runAll(...commands: string[]): string[] {
  return commands.map((command) => {
    const { status, stdout, stderr } = operator().run(...command.split(' '))
    expect(status, stderr).toBe(0)
    return stdout
  })
}

describe('keyseal webhook', () => {
  let order: string

  it('prints the license keys as in the README, and the service prints the e-mail', async () => {
    const { status, output } = run(folder, 'env', `PORT=${port}`, 'bash', '-ec', example('run: webhook'))
    expect(status).toBe(0)
    const printed = output.slice(output.indexOf('Sent a purchase'))
    const normalize = (text: string) =>
      text
        .replace(/\d{13}/g, 'N')
        .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, 'TIME')
        .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'KEY')
        .trim()
    expect(normalize(printed)).toBe(normalize(example('answer: webhook')))
    order = /pi_(\d+)/.exec(printed)?.[1] ?? ''
    await expect.poll(() => service.output(), { timeout: 20_000 }).toContain('To: ada@example.com')
    expect(service.output()).toContain('Your license key for Demo product')
  })

  it('issues an order once, and --event refund blocks its keys', () => {
    const [again, refund] = runAll(
      `webhook stripe --order ${order}`,
      `webhook stripe --order ${order} --event refund`,
    )
    expect(again).toContain('HTTP 200, duplicate')
    expect(again?.match(/ assigned /g)).toHaveLength(1)
    expect(refund).toContain('HTTP 200, revoked')
    expect(refund?.match(/ blocked /g)).toHaveLength(1)
  })

  it('shows the life of a subscription, as in the document', () => {
    const { status, output } = run(folder, 'env', `PORT=${port}`, 'bash', '-ec', example('run: subscription'))
    expect(status).toBe(0)
    const outcomes = output.match(/(?<=HTTP 200, )\w+/g)
    expect(outcomes).toEqual(['issued', 'renewed', 'changed', 'revoked', 'changed'])
    const states = [...output.matchAll(/ (\d{4}-\d\d-\d\d)T\S+ +(\d+)$/gm)]
    expect(states.map(([, day, limit]) => `${day} ${limit}`)).toEqual([
      '2026-01-18 3',
      '2026-03-05 3',
      '2026-03-05 10',
      '2026-01-18 10',
      '2026-01-11 10',
    ])
  })

  it('sends the events that belong to a subscription too', () => {
    const [sold = '', renewed = ''] = runAll(
      'webhook dodo --order 1002 --subscription 7',
      'webhook dodo --order 1002 --subscription 7 --event renewal --period 2',
    )
    expect(sold).toMatch(/HTTP 200, issued\. Related events: \w+\n/)
    expect(sold).toContain(' sub_7 ')
    expect(renewed).toContain(' 2026-04-04T00:00:00Z ')
  })

  it.each(['creem', 'dodo', 'fastspring', 'lemon-squeezy', 'paddle'])('sells through %s', (name) => {
    for (const output of runAll(`webhook ${name}`)) {
      expect(output).toContain('HTTP 200, issued')
      expect(output).toContain('Ada Lovelace')
    }
  })
})

describe('an offer', () => {
  it('is added as in the document', () => {
    const { status, output } = run(folder, 'bash', '-ec', example('run: offers'))
    expect(status).toBe(0)
    expect(output).toContain('Offer price_1Q2w3E at stripe sells product 1.')
    const [listed, removed] = runAll(
      'offers list',
      'offers remove --provider stripe --external-id price_1Q2w3E',
    )
    expect(listed).toContain('price_1Q2w3E')
    expect(removed).toContain('removed')
    expect(
      query(folder, `select removed_at is null as sells from offers where external_id = 'price_1Q2w3E'`),
    ).toEqual([{ sells: 0 }])
  })

  it('issues earlier orders after keyseal events retry --unmapped', () => {
    const terms = '--product-id 1 --validity-days 0 --activation-limit 0 --mode seats'
    const sold = operator().run('webhook', 'polar', '--price', 'new-thing', '--quantity', '2')
    expect(sold.stdout).toContain('HTTP 200, unmapped')
    const [events, , retried] = runAll(
      'events list --outcome unmapped',
      `offers add --provider polar --external-id new-thing ${terms}`,
      'events retry --unmapped',
    )
    expect(events).toContain('no active offer for new-thing')
    expect(retried).toMatch(/order\.paid .* issued/)
  })

  it('retries an issued event with a note about a line without keys', () => {
    query(
      folder,
      `update webhook_events set note = 'no active offer for price_2'
       where id = (select max(id) from webhook_events where outcome = 'issued')`,
    )
    expect(runAll('events retry --unmapped')[0]).toMatch(/order\.paid .* duplicate/)
    expect(runAll('events retry --unmapped')).toEqual(['Nothing to retry.\n'])
  })
})

describe('a delivery to the seller', () => {
  it('is retried until it is accepted, and has a valid signature', async () => {
    statuses.push(500)
    const [, sold = ''] = runAll(`delivery-url --product-id 1 --url ${receiverUrl}`, 'webhook standard')
    const [licenseKey] = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(sold) ?? []
    await expect.poll(() => posted.length, { timeout: 40_000, interval: 500 }).toBe(2)

    const secret =
      parseEnv(readFileSync(path.join(folder, '.dev.vars'), 'utf8')).DELIVERY_WEBHOOK_SECRET ?? ''
    for (const { headers, body } of posted) {
      const { response } = new Webhook(secret).verify(body, headers) as {
        response: { code: number; order: object; license_keys: { license_key: string }[] }
      }
      expect(response).toMatchObject({ code: 803, order: { provider: 'standard' } })
      expect(response.license_keys.map((key) => key.license_key)).toEqual([licenseKey])
    }
    expect(posted[0]?.headers['webhook-id']).toBe(posted[1]?.headers['webhook-id'])
    const pending = () => query(folder, `select id from deliveries where status = 'pending'`)
    await expect.poll(pending, { timeout: 60_000 }).toEqual([])
    expect(runAll('deliveries list --status delivered')[0]).toMatch(/webhook +standard/)
  })
})

it('a retry without failures succeeds, so that a schedule can run it', () => {
  for (const command of ['deliveries retry --failed', 'events retry --failed', 'events retry --unmapped']) {
    expect(runAll(command)).toEqual(['Nothing to retry.\n'])
  }
  expect(runAll('events retry --failed --json')).toEqual(['[]\n'])
})

describe('keyseal', () => {
  const terms = ['--product-id', '77', '--validity-days', '0', '--activation-limit', '0']
  itRefuses(
    () => commandLineIn(folder),
    [
      [
        ['webhook', 'ebay'],
        "'ebay' is invalid for argument 'provider'. Allowed choices are creem, dodo, fastspring, lemon-squeezy",
      ],
      [['webhook', 'shopify', '--event', 'renewal'], 'shopify has no sample of a renewal.'],
      [['webhook', 'stripe', '--quantity', 'many'], 'It must be a whole number from 1 to 10000.'],
      [['offers', 'add', '--provider', 'ebay'], "'ebay' is invalid. Allowed choices are"],
      [['offers', 'add', '--provider', 'stripe', '--external-id', 'x', ...terms], 'There is no product 77'],
      [['events', 'retry'], 'Give either an id, or --unmapped or --failed.'],
      [['events', 'list', 'all', 'more'], 'too many arguments'],
      [
        ['deliveries', 'retry', '999'],
        'There is no failed delivery with this id. List them: npm run keyseal -- deliveries list --status failed',
      ],
      [
        ['delivery-url', '--product-id', '1', '--url', 'ftp://shop.example'],
        '--url must be an http or https address, without a user name and password.',
      ],
      [
        ['delivery-url', '--product-id', '1', '--url', 'http://shop.example', '--remote'],
        '--url must be an https address of a public host, without a user name and password.',
      ],
      [['events', 'retry', '999'], 'There is no unmapped, failed or incomplete event with this id'],
    ],
  )
})
