import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PROVIDER_SAMPLES } from '../../scripts/webhook-samples/index.ts'
import { ENDPOINTS } from '../../src/endpoints.ts'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { webhookSecretName } from '../../src/payments/settings.ts'
import { send } from '../support/client.ts'
import { addContract, callAsContractHolder, DESTROY, GENERATE, GET_INFO } from '../support/contracts.ts'
import { logText, requestLines, violationsInLine } from '../support/log.ts'
import { failWith, observe } from '../support/observed-database.ts'
import { openShop } from '../support/shop.ts'
import { addGenerator } from '../support/stock.ts'
import { VALID_REQUESTS, validFields } from '../support/valid-requests.ts'

beforeEach(() => {
  vi.spyOn(env.DELIVERIES, 'sendBatch').mockImplementation(() =>
    Promise.resolve({} as QueueSendBatchResponse),
  )
})
afterEach(() => vi.restoreAllMocks())

/** Sends valid, unauthorized, invalid and failing requests to every endpoint. @returns all secrets in them */
async function requestEverything(): Promise<string[]> {
  const secrets: string[] = []
  const { db } = observe(env.DB, failWith('D1_ERROR: D1 DB is overloaded.'))
  const shop = await openShop()
  const answers: string[] = []
  async function request({ method, path }: Endpoint, fields: Record<string, string>, bindings: object) {
    secrets.push(...Object.entries(fields).flatMap(([name, value]) => (isSecret(name) ? [value] : [])))
    const query = `${path}?${new URLSearchParams(fields)}`
    const headers = { 'Idempotency-Key': crypto.randomUUID(), Authorization: `Bearer ${fields.api_key}` }
    secrets.push(headers['Idempotency-Key'])
    const init = method === 'POST' ? { path, method, body: new URLSearchParams(fields) } : { path: query }
    answers.push(await (await send({ ...init, headers, bindings })).text())
  }
  for (const endpoint of ENDPOINTS) {
    if (!(endpoint.path in VALID_REQUESTS)) continue
    const createFields = () => validFields(endpoint.path, shop)
    await request(endpoint, await createFields(), {})
    await request(endpoint, { ...(await createFields()), api_key: 'api-key-of-a-stranger' }, {})
    await request(endpoint, await createFields(), { DB: db })
    await request(
      endpoint,
      { api_key: shop.apiKey, license_key: 'hush\u0000', identifier: 'device-of-ada' },
      {},
    )
  }
  secrets.push(...answers.flatMap(secretsIn))
  return secrets
}

function isSecret(name: string): boolean {
  return (
    /key$|email|owner_name|identifier|contract_uuid|webhook_url|contract_name/.test(name) && name !== 'key'
  )
}

/** The license keys and the signature in a response. */
function secretsIn(answer: string): string[] {
  const { response, signature } = JSON.parse(answer)
  const keys = (response.license_keys ?? []).map((key: { license_key: string }) => key.license_key)
  return [signature, ...keys, ...(response.licenseKeys ?? [])]
}

describe('the log contains no secrets and no personal data', () => {
  it('of requests to any endpoint', async () => {
    const secrets = new Set(await requestEverything())
    expect(secrets.size).toBeGreaterThan(200)
    expect(requestLines().length).toBeGreaterThan(100)
    const log = logText()
    // Short texts would match by chance.
    expect([...secrets].filter((secret) => secret.length > 5 && log.includes(secret))).toEqual([])
    expect(log).not.toMatch(/Ada|Lovelace|@example|hush|stranger/)
  })

  it('of contract holders', async () => {
    const shop = await openShop()
    await addGenerator(shop.productId)
    const { key } = await addContract(shop)
    const generated = await callAsContractHolder(GENERATE, { contract_key: key, quantity: '2' })
    const licenseKeys = generated.response.license_keys.map((key: { license_key: string }) => key.license_key)
    await callAsContractHolder(GET_INFO, { contract_key: key })
    await callAsContractHolder(GET_INFO, { contract_key: 'contract-key-of-a-stranger' })
    await callAsContractHolder(DESTROY, { contract_key: key, license_key: licenseKeys[0] })
    expect(requestLines().map(({ code }) => code)).toEqual([1300, 1204, 1200, 1400])
    const log = logText()
    expect([key, ...licenseKeys, 'stranger'].filter((secret) => log.includes(secret))).toEqual([])
  })

  it('of payment providers', async () => {
    for (const samples of PROVIDER_SAMPLES) {
      const setting = webhookSecretName(samples.provider)
      const names = {
        order: 'order-of-ada',
        externalId: 'price-of-ada',
        name: 'Ada',
        email: 'ada@example.com',
      }
      const { body, ...event } = samples.purchase(names)
      const headers = await samples.sign({ body, ...event }, samples.secret, Math.floor(Date.now() / 1000))
      const request = { path: `/webhooks/${samples.provider}`, method: 'POST', body }
      await send({ ...request, headers, bindings: { [setting]: samples.secret } })
      await send({ ...request, headers: {}, bindings: { [setting]: samples.secret } })
      const log = logText()
      const secrets = [samples.secret, ...Object.values(headers), 'of-ada', 'ada@', 'Ada']
      expect(secrets.filter((secret) => secret.length > 2 && log.includes(secret))).toEqual([])
    }
    expect(new Set(requestLines().map(({ code }) => code))).toEqual(new Set([2200, 2401]))
    expect(requestLines().some(({ roundTrips }) => Number(roundTrips) > 0)).toBe(true)
    expect(new Set(requestLines().map(({ outcome }) => outcome))).toEqual(
      new Set(['unmapped', 'waiting', null]),
    )
  })
})

describe('the check of log lines', () => {
  const requestId = crypto.randomUUID()
  const request = {
    level: 'info',
    requestId,
    method: 'POST',
    endpoint: '/api/v1/verify',
    code: 200,
    status: 200,
    apiKeyId: 1,
    contractId: null,
    operatorId: null,
    product: 1,
    quantity: null,
    keys: 0,
    outcome: null,
    roundTrips: 1,
    rowsRead: 9,
    rowsWritten: 0,
    durationMs: 2,
  }
  const failure = { level: 'error', requestId, error: 'SettingError', message: 'DELIVERIES is not bound.' }

  it.each([
    ['contains the requested path', { ...request, endpoint: '/api/v1/verify/my-key' }],
    ['has an unknown member', { ...request, path: '/api/v1/verify' }],
    ['contains a license key', { ...request, product: crypto.randomUUID() }],
    ['contains a license key in an error', { ...failure, message: `No ${crypto.randomUUID()}` }],
    ['contains an e-mail address in an error', { ...failure, message: 'No mail for ada@example.com' }],
    ['contains a name in an error', { ...failure, message: 'Ada Lovelace not found' }],
    ['contains a signature in an error', { ...failure, message: `Wrong: ${'Zm9v'.repeat(20)}` }],
    ['contains the hash of a key in an error', { ...failure, message: `Unknown: ${'0af1'.repeat(16)}` }],
  ])('fails if a line %s', (_, line) => {
    expect(violationsInLine(JSON.stringify(line))).toEqual([JSON.stringify(line)])
  })

  it('passes lines without secrets and personal data', () => {
    expect([request, failure].flatMap((line) => violationsInLine(JSON.stringify(line)))).toEqual([])
  })
})
