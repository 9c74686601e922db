/** Runs the commands of docs/woocommerce.md on a local service, and sends the requests of the WooCommerce plugins. */
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CODES } from '../../src/protocol/codes.ts'
import { freePort, project, type Running, removeClone, startService } from './support/clone.ts'
import { cloneWithDatabase } from './support/keyseal.ts'
import { query, runShell } from './support/local-database.ts'
import { example } from './support/readme.ts'

const page = readFileSync(path.join(project, 'docs/woocommerce.md'), 'utf8')

/** The columns of the plugin's table. Any other member of a license key object makes its insert fail. */
const PLUGIN_COLUMNS = [
  ...[
    'product_id',
    'license_key',
    'owner_name',
    'owner_email',
    'activation_limit',
    'validity',
    'assigned_at',
  ],
  ...['status', 'created_at', 'updated_at', 'contract_id'],
]
/** The plugin removes these members before its insert. */
const PLUGIN_IGNORES = ['id', 'meta_data']

let folder: string
let origin: string
let service: Running
let shop: Server
const callbacks: string[] = []
/** The output of the page's commands. */
let printed: string

beforeAll(async () => {
  folder = cloneWithDatabase()
  const port = await freePort()
  origin = `http://127.0.0.1:${port}`
  service = await startService(folder, port, /\ncurl -s .*\n/)
  printed = runShell(folder, commandsForProduction().replaceAll(' --remote', ''))
  shop = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      callbacks.push(body)
      response.end()
    })
  })
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  shop?.close()
  await service?.interrupt()
  removeClone(folder)
})

function commandsForProduction(): string {
  const [block] = [...page.matchAll(/<!-- needs: account -->\n```sh\n([\s\S]*?)```/g)]
  return block?.[1] ?? ''
}

const productId = () => Number(/^Product (\d+) added/m.exec(printed)?.[1])
const apiKey = () => /^ks_[\w-]{43}$/m.exec(printed)?.[0] ?? ''

/** Runs the page's request to an endpoint. @returns the text of the answer */
function sendPluginRequest(endpoint = 'random-assign-license-keys', webhookUrl?: string): string {
  const command = example('run: woocommerce')
    .replace('/random-assign-license-keys"', `/${endpoint}"`)
    .replace('https://shop.example/', webhookUrl ?? 'https://shop.example/')
  return runShell(
    folder,
    command,
    `KEYSEAL_URL=${origin}`,
    `API_KEY=${apiKey()}`,
    `PRODUCT_ID=${productId()}`,
  )
}

function expectPluginStores(licenseKeys: Record<string, unknown>[]): void {
  expect(licenseKeys).toMatchObject([
    {
      license_key: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      activation_limit: 3,
      validity: 365,
      status: 'assigned',
      owner_name: 'Ada Lovelace',
    },
  ])
  const stored = Object.keys(licenseKeys[0] ?? {}).filter((name) => !PLUGIN_IGNORES.includes(name))
  expect(stored.filter((name) => !PLUGIN_COLUMNS.includes(name))).toEqual([])
}

describe('the WooCommerce page', () => {
  it('is shorter than 120 lines', () => {
    expect(page.split('\n').length).toBeLessThan(120)
  })

  it('shows the real output of products add', () => {
    const withoutIds = (text: string) => text.replaceAll(/(Product|generator) \d+/g, '$1 N')
    expect(withoutIds(printed)).toContain(withoutIds(example('answer: woocommerce-product')))
  })

  it('explains only codes that exist', () => {
    const explained = [...page.matchAll(/^\| (\d+(?:, \d+)*) \|/gm)].flatMap(([, codes = '']) =>
      codes.split(', '),
    )
    const known = Object.values(CODES).map(({ code }) => String(code))
    expect(explained.length).toBeGreaterThan(10)
    expect(explained.filter((code) => !known.includes(code))).toEqual([])
  })
})

describe('the license-key plugin', () => {
  it('gets a license key immediately, with code 803', () => {
    const text = sendPluginRequest()
    const [start = ''] = /\{"response":\{"code":803,[^`]*/.exec(page) ?? []
    expect(start).not.toBe('')
    expect(text.startsWith(start)).toBe(true)
    expectPluginStores(JSON.parse(text).response.license_keys)
  })

  it('gets a license key in a callback from the queued endpoint', async () => {
    const { port } = shop.address() as AddressInfo
    const text = sendPluginRequest('random-assign-license-keys-queued', `http://127.0.0.1:${port}/`)
    expect(JSON.parse(text).response.code).toBe(807)
    await expect.poll(() => callbacks.length, { timeout: 40_000, interval: 200 }).toBeGreaterThan(0)
    const { original } = JSON.parse(callbacks[0] ?? '')
    expect(original.response).toMatchObject({ code: 803, identifier: '31' })
    expectPluginStores(original.response.license_keys)
  })

  it('gets code 806 while the default generator is disabled', () => {
    const [{ id } = { id: 0 }] = query<{ id: number }>(
      folder,
      `select id from generators where product_id = ${productId()}`,
    )
    const setStatus = (status: 0 | 1) =>
      query(folder, `update generators set status = ${status} where id = ${id}`)
    setStatus(0)
    expect(JSON.parse(sendPluginRequest()).response.code).toBe(806)
    setStatus(1)
    expect(JSON.parse(sendPluginRequest()).response.code).toBe(803)
  })
})

describe('the contracts plugin', () => {
  const contractKey = crypto.randomUUID()

  async function post(name: string, fields: Record<string, string>) {
    const headers = { Connection: 'close' }
    const body = new URLSearchParams(fields)
    const response = await fetch(`${origin}/api/v1/${name}`, { method: 'POST', body, headers })
    return ((await response.json()) as { response: Record<string, unknown> }).response
  }

  function createContract(contractApiKey: string) {
    const permissions = { can_get_info: '1', can_generate: '1', can_destroy: '1', can_destroy_all: '1' }
    return post('create-contract', {
      api_key: contractApiKey,
      product_id: String(productId()),
      license_keys_quantity: '5',
      contract_key: contractKey,
      contract_name: 'Contract 31411',
      contract_information: 'Contract create through the WooCommerce integration plugin for Order #31',
      status: 'active',
      ...permissions,
    })
  }

  it('needs the capability contracts', async () => {
    expect((await createContract(apiKey())).code).toBe(102)
  })

  it('creates a contract with which the buyer generates license keys', async () => {
    const command = 'npm run keyseal -- api-keys create --name Contracts --capability contracts'
    const contractApiKey = /^ks_[\w-]{43}$/m.exec(runShell(folder, command))?.[0] ?? ''
    expect(await createContract(contractApiKey)).toMatchObject({
      code: 841,
      contract: { contract_key: contractKey },
    })
    const generated = await post('contracts/generate', { contract_key: contractKey, quantity: '2' })
    expect(generated.code).toBe(1300)
  })
})
