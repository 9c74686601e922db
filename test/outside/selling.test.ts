/** The story of the first sale: a sample event, an offer, a retry, and the keys on their way to seller and buyer. */

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
/** What the receiver answers, one after the other, and 200 at last. */
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

/** @param commands the words of each, separated by blanks. @returns what each printed, all of which succeed */
function type(...commands: string[]): string[] {
  return commands.map((command) => {
    const { status, stdout, stderr } = operator().type(...command.split(' '))
    expect(status, stderr).toBe(0)
    return stdout
  })
}

describe('keyseal webhook', () => {
  let order: string

  it("as the README prints it ends with the license keys in the terminal, and the service shows the buyer's e-mail", async () => {
    const { status, output } = run(folder, 'env', `PORT=${port}`, 'bash', '-ec', example('run: webhook'))
    expect(status).toBe(0)
    const shown = output.slice(output.indexOf('Sent a purchase'))
    const shape = (text: string) =>
      text
        .replace(/\d{13}/g, 'N')
        .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'KEY')
        .trim()
    expect(shape(shown)).toBe(shape(example('answer: webhook')))
    order = /cs_live_(\d+)/.exec(shown)?.[1] ?? ''
    await expect.poll(() => service.output(), { timeout: 20_000 }).toContain('To: ada@example.com')
    expect(service.output()).toContain('Your license key for Demo product')
  })

  it('with the same order issues nothing more, and with --event refund blocks its keys', () => {
    const [again, refund] = type(
      `webhook stripe --order ${order}`,
      `webhook stripe --order ${order} --event refund`,
    )
    expect(again).toContain('HTTP 200, duplicate')
    expect(again?.match(/ assigned /g)).toHaveLength(1)
    expect(refund).toContain('HTTP 200, revoked')
    expect(refund?.match(/ blocked /g)).toHaveLength(1)
  })

  it('sells at Dodo, Lemon Squeezy and Paddle', () => {
    for (const output of type('webhook dodo', 'webhook lemon-squeezy', 'webhook paddle')) {
      expect(output).toContain('HTTP 200, issued')
      expect(output).toContain('Ada Lovelace')
    }
  })
})

describe('an offer', () => {
  it('is added as the README prints it', () => {
    const { status, output } = run(folder, 'bash', '-ec', example('run: offers'))
    expect(status).toBe(0)
    expect(output).toContain('Offer price_1Q2w3E at stripe sells product 1.')
    const [listed, removed] = type(
      'offers list',
      'offers remove --provider stripe --external-id price_1Q2w3E',
    )
    expect(listed).toContain('price_1Q2w3E')
    expect(removed).toContain('removed')
    expect(query(folder, `select id from offers where external_id = 'price_1Q2w3E'`)).toEqual([])
  })

  it('that comes after its orders issues them with keyseal events retry --unmapped', () => {
    const terms = '--product-id 1 --validity-days 0 --activation-limit 0 --mode seats'
    const sold = operator().type('webhook', 'polar', '--price', 'new-thing', '--quantity', '2')
    expect(sold.stdout).toContain('HTTP 200, unmapped')
    const [events, , retried] = type(
      'events list --outcome unmapped',
      `offers add --provider polar --external-id new-thing ${terms}`,
      'events retry --unmapped',
    )
    expect(events).toContain('no active offer for new-thing')
    expect(retried).toMatch(/order\.paid .* issued/)
  })
})

describe('a delivery to the seller', () => {
  it('is tried again until it is taken, and verifies by the secret', async () => {
    statuses.push(500)
    const [, sold = ''] = type(`delivery-url --product-id 1 --url ${receiverUrl}`, 'webhook standard')
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
    await expect.poll(pending, { timeout: 20_000 }).toEqual([])
    expect(type('deliveries list --status delivered')[0]).toMatch(/webhook +standard/)
  })
})

it('to retry what failed where nothing did is no failure: a schedule may do it', () => {
  for (const command of ['deliveries retry --failed', 'events retry --failed', 'events retry --unmapped']) {
    expect(type(command)).toEqual(['Nothing to retry.\n'])
  }
  expect(type('events retry --failed --json')).toEqual(['[]\n'])
})

describe('a command that is not right', () => {
  const terms = ['--product-id', '77', '--validity-days', '0', '--activation-limit', '0']
  itRefuses(
    () => commandLineIn(folder),
    [
      [
        ['webhook', 'ebay'],
        "'ebay' is invalid for argument 'provider'. Allowed choices are dodo, lemon-squeezy",
      ],
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
      [['events', 'retry', '999'], 'There is no unmapped or failed event with this id'],
    ],
  )
})
