/** Security tests for every endpoint that accepts a contract key, including new ones. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { ENDPOINTS } from '../../src/endpoints.ts'
import { type ApiResponse, isSignedBy, unsignedText } from '../support/client.ts'
import {
  addContract,
  addGenerator,
  callAsContractHolder,
  contractSnapshot,
  type TestContract,
} from '../support/contracts.ts'
import { failureLines, logText } from '../support/log.ts'
import { failWith, observe } from '../support/observed-database.ts'
import { openShop } from '../support/shop.ts'
import { VALID_CONTRACT_REQUESTS } from '../support/valid-requests.ts'

const INJECTIONS = [
  "' OR '1'='1",
  "'; DROP TABLE contracts; --",
  '" OR 1=1 --',
  '%',
  '*',
  '\\',
  '\u202e',
  '{{7*7}}',
]

const paths = ENDPOINTS.filter(({ caller: { access } }) => access === 'contract-holder').map(
  ({ path }) => path,
)

/** A contract whose only license key is C-1. */
async function openContract(forbidden: readonly string[] = []): Promise<TestContract> {
  const shop = await openShop()
  await addGenerator(shop)
  const contract = await addContract(shop, { forbidden })
  await env.DB.prepare(
    `insert into license_keys (product_id, license_key, status, activation_limit, validity_days, assigned_at,
       contract_id, created_at, updated_at) values (?, 'C-1', 'assigned', 0, 0, 0, ?, 0, 0)
     on conflict do update set contract_id = excluded.contract_id`,
  )
    .bind(shop.productId, contract.id)
    .run()
  return contract
}

/** Expects that all requests are refused with this code, in a signed envelope, and change nothing. */
async function expectRefused(code: number, ...requests: (() => Promise<ApiResponse>)[]) {
  for (const request of requests) {
    const before = await contractSnapshot()
    const answer = await request()
    expect(answer.response.code).toBe(code)
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
    expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, answer)).toBe(true)
    expect(await contractSnapshot()).toBe(before)
  }
}

it('these tests cover every endpoint that accepts a contract key', () => {
  expect(Object.keys(VALID_CONTRACT_REQUESTS).sort()).toEqual([...paths].sort())
})

it('the same Idempotency-Key is independent at each endpoint', async () => {
  const { key } = await openContract()
  const headers = { 'Idempotency-Key': 'shared' }
  for (const [path, { code, fields }] of Object.entries(VALID_CONTRACT_REQUESTS)) {
    const answer = await callAsContractHolder(path, { ...fields, contract_key: key }, { headers })
    expect(answer.response.code).toBe(code)
    expect(answer.headers.has('Idempotent-Replayed')).toBe(false)
  }
})

describe.each(Object.entries(VALID_CONTRACT_REQUESTS))('%s', (path, { needs, code, fields }) => {
  it('accepts a valid request, in one round trip', async () => {
    const { key } = await openContract()
    const { db, roundTrips } = observe(env.DB)
    const answer = await callAsContractHolder(
      path,
      { ...fields, contract_key: key },
      { bindings: { DB: db } },
    )
    expect(answer.response.code).toBe(code)
    expect(roundTrips).toHaveLength(1)
  })

  it(`requires only the permission ${needs}, and returns 102 without it`, async () => {
    const others = Object.values(VALID_CONTRACT_REQUESTS).flatMap((good) =>
      good.needs === needs ? [] : good.needs,
    )
    const without = await openContract([needs])
    await expectRefused(102, () => callAsContractHolder(path, { ...fields, contract_key: without.key }))
    const withOnly = await openContract(others)
    expect((await callAsContractHolder(path, { ...fields, contract_key: withOnly.key })).response.code).toBe(
      code,
    )
  })

  it('refuses requests without a contract key before it queries the database', async () => {
    await openContract()
    const { db, roundTrips } = observe(env.DB)
    const bindings = { DB: db }
    await expectRefused(
      100,
      () => callAsContractHolder(path, fields, { bindings }),
      () => callAsContractHolder(path, {}, { bindings }),
      () => callAsContractHolder(path, { ...fields, contract_key: '', api_key: '' }, { bindings }),
      () => callAsContractHolder(path, fields, { bindings, headers: { Authorization: 'Basic YTpi' } }),
      () => callAsContractHolder(path, fields, { bindings, headers: { Authorization: 'Bearer ' } }),
    )
    expect(roundTrips).toEqual([])
  })

  it('refuses wrong contract keys and SQL injections', async () => {
    const { id, key } = await openContract()
    const wrongKeys = [...INJECTIONS, 'unknown', String(id), `contract:${id}`, `${key}x`, key.slice(1)]
    await expectRefused(
      1200,
      ...wrongKeys.flatMap((given) => [
        () => callAsContractHolder(path, { ...fields, contract_key: given }),
        () => callAsContractHolder(path, { ...fields, contract_uuid: given, api_key: given }),
        () => callAsContractHolder(path, { ...fields, contract_uuid: key, api_key: given }),
      ]),
      () => callAsContractHolder(path, fields, { headers: { Authorization: "Bearer ' OR '1'='1" } }),
    )
  })

  it('refuses a blocked address, even with a valid contract key', async () => {
    const { key } = await openContract()
    await env.DB.prepare(
      `insert into blocklist (kind, value, created_at) values ('network', '198.51.100.0/24', 0)`,
    ).run()
    const headers = { 'CF-Connecting-IP': '198.51.100.7' }
    await expectRefused(
      150,
      () => callAsContractHolder(path, { ...fields, contract_key: key }, { headers }),
      () => callAsContractHolder(path, { ...fields, contract_key: 'unknown' }, { headers }),
      () => callAsContractHolder(path, { ...fields, contract_key: key, api_key: 'other' }, { headers }),
    )
    const otherAddress = { 'CF-Connecting-IP': '198.51.101.7' }
    const answer = await callAsContractHolder(
      path,
      { ...fields, contract_key: key },
      { headers: otherAddress },
    )
    expect(answer.response.code).toBe(code)
    await env.DB.prepare('delete from blocklist').run()
  })

  it('treats SQL injections as text or refuses them', async () => {
    const { key } = await openContract()
    for (const name of Object.keys(fields)) {
      for (const injection of INJECTIONS) {
        const answer = await callAsContractHolder(path, { ...fields, [name]: injection, contract_key: key })
        expect(answer.status).toBeLessThan(500)
      }
    }
    expect(failureLines()).toEqual([])
    expect((await callAsContractHolder(path, { ...fields, contract_key: key })).response.code).toBe(code)
  })

  it('reveals no contract key or license key in errors or the log', async () => {
    const secret = { ...fields, contract_key: 'hush-contract-key' }
    const headers = { 'Idempotency-Key': 'hush-order' }
    const { db } = observe(env.DB, failWith('D1_ERROR: Network connection lost.'))
    const invalidFields = Object.fromEntries(Object.keys(secret).map((name) => [name, 'hush\u0000']))
    const answers = [
      await callAsContractHolder(path, secret, { headers }),
      await callAsContractHolder(path, invalidFields, { headers }),
      await callAsContractHolder(path, secret, { headers, bindings: { DB: db } }),
      await callAsContractHolder(path, secret, { headers, bindings: { SIGNING_PRIVATE_KEY: 'hush' } }),
    ]
    expect(answers.map(({ response }) => response.code)).toEqual([1200, 804, 2503, 2500])
    expect(unsignedText(answers) + logText()).not.toMatch(/hush/i)
  })
})
