/** The story of the first sale: a sample event, an offer, a retry, and the keys on their way to seller and buyer. */

import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import path from 'node:path'
import { parseEnv } from 'node:util'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cloneProject, freePort, type Running, removeClone, run, startService } from './support/clone.ts'
import { example } from './support/readme.ts'

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
  folder = cloneProject()
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

/** Runs one of the commands for operators, with the service's port in its environment. */
function command(name: string, ...parameters: string[]) {
  return run(folder, 'env', `PORT=${port}`, 'npm', 'run', '--silent', 'keyseal', '--', name, ...parameters)
}

describe('keyseal webhook', () => {
  let order: string

  it("as the README prints it ends with the license keys in the terminal, and the service shows the buyer's e-mail", async () => {
    const { status, output } = run(folder, 'env', `PORT=${port}`, 'bash', '-ec', example('run: webhook'))
    expect(status).toBe(0)
    const shown = output.slice(output.indexOf('stripe told'))
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
    const again = command('webhook', 'stripe', '--order', order)
    expect(again.output).toContain('HTTP 200, duplicate')
    expect(again.output.match(/ assigned /g)).toHaveLength(1)
    const refund = command('webhook', 'stripe', '--order', order, '--event', 'refund')
    expect(refund.output).toContain('HTTP 200, revoked')
    expect(refund.output.match(/ blocked /g)).toHaveLength(1)
  })

  it.each(['dodo', 'lemon-squeezy', 'paddle'])('sells at %s', (provider) => {
    const { status, output } = command('webhook', provider)
    expect(output).toContain('HTTP 200, issued')
    expect(output).toContain('Ada Lovelace')
    expect(status).toBe(0)
  })
})

describe('an offer', () => {
  it('is added as the README prints it', () => {
    const { status, output } = run(folder, 'bash', '-ec', example('run: offers'))
    expect(status).toBe(0)
    expect(output).toContain('Offer price_1Q2w3E at stripe stands for product 1.')
    expect(command('offers', 'list').output).toContain('price_1Q2w3E')
    const removed = command('offers', 'remove', '--provider', 'stripe', '--external-id', 'price_1Q2w3E')
    expect(removed.output).toContain('removed')
    expect(command('offers', 'list').output).not.toContain('price_1Q2w3E')
  })

  it('that comes after its orders issues them with keyseal events retry --unmapped', () => {
    const sold = command('webhook', 'polar', '--price', 'new-thing', '--quantity', '2')
    expect(sold.output).toContain('HTTP 200, unmapped')
    expect(command('events', 'list', '--outcome', 'unmapped').output).toContain(
      'no active offer for new-thing',
    )
    const terms = ['--product-id', '1', '--validity-days', '0', '--activation-limit', '0', '--mode', 'seats']
    command('offers', 'add', '--provider', 'polar', '--external-id', 'new-thing', ...terms)
    const retried = command('events', 'retry', '--unmapped')
    expect(retried.output).toMatch(/order\.paid .* issued/)
    expect(retried.status).toBe(0)
  })
})

describe('a delivery to the seller', () => {
  it('is tried again until it is taken, and verifies by the secret', async () => {
    expect(command('delivery-url', '--product-id', '1', '--url', receiverUrl).status).toBe(0)
    statuses.push(500)
    const { output } = command('webhook', 'standard')
    const [licenseKey] = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(output) ?? []
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
    await expect
      .poll(() => command('deliveries', 'list', '--status', 'delivered').output, { timeout: 20_000 })
      .toMatch(/webhook +standard/)
  })
})

describe('a command that is not right says what is wrong and how it goes:', () => {
  it.each([
    [
      'webhook',
      ['ebay'],
      "'ebay' is invalid for argument 'provider'. Allowed choices are dodo, lemon-squeezy",
    ],
    ['webhook', ['stripe', '--quantity', 'many'], 'It must be a whole number from 1 to 10000.'],
    ['offers', ['add', '--provider', 'ebay'], "'ebay' is invalid. Allowed choices are"],
    [
      'offers',
      [
        'add',
        '--provider',
        'stripe',
        '--external-id',
        'x',
        '--product-id',
        '77',
        '--validity-days',
        '0',
        '--activation-limit',
        '0',
      ],
      'There is no product 77',
    ],
    ['events', ['retry'], 'Give either an ID, or --unmapped or --failed.'],
    ['events', ['list', 'all', 'more'], 'too many arguments'],
    ['deliveries', ['retry', '999'], 'There is no such delivery that failed.'],
    [
      'delivery-url',
      ['--product-id', '1', '--url', 'ftp://shop.example'],
      '--url must be an https address of a public host',
    ],
  ])('keyseal %s %j', (name, parameters, fault) => {
    const { status, output } = command(name, ...parameters)
    expect(status).toBe(1)
    expect(output).toContain(fault)
    expect(output).toMatch(new RegExp(`How it goes: npm run keyseal -- ${name}.* --help`))
    expect(output).not.toMatch(/\n\s+at /)
  })
})
