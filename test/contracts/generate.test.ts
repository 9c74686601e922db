import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { allKeysDestruction, keyDestruction } from '../../src/contracts/destroy.ts'
import { generateContractKeys } from '../../src/contracts/generate.ts'
import { contractInformation } from '../../src/contracts/get-info.ts'
import { contractUpdate } from '../../src/contracts/update-contract.ts'
import type { Statement } from '../../src/db/batch.ts'
import { UniqueConstraintError } from '../../src/db/errors.ts'
import { randomKeyMaterial } from '../../src/issuing/key-formats.ts'
import { contractHolderOf, flattenResult } from '../support/callers.ts'
import {
  addContract,
  addGenerator,
  callAsContractHolder,
  contractSnapshot,
  DESTROY_ALL,
  keysOfContract,
  type TestContract,
} from '../support/contracts.ts'
import { failAfterCommit, observe } from '../support/observed-database.ts'
import { openShop } from '../support/shop.ts'

const NOW = Date.UTC(2026, 10, 24, 12, 0, 0, 829)

async function generate(
  contract: TestContract,
  quantity: number,
  idempotencyKey?: string,
  newMaterial = randomKeyMaterial,
  db = env.DB,
) {
  const call = { db, caller: await contractHolderOf(contract), idempotencyKey, now: NOW }
  return flattenResult(await generateContractKeys(call, quantity, 10_000, newMaterial))
}

async function addContractWithGenerator(quota = 65) {
  const shop = await openShop()
  await addGenerator(shop)
  return addContract(shop, { quota })
}

describe('a generated key that already exists', () => {
  it('is replaced in a new attempt', async () => {
    const contract = await addContractWithGenerator()
    const existing = randomKeyMaterial(1)
    const materials = [existing, existing, randomKeyMaterial(1)]
    const newMaterial = () => materials.shift() ?? '[]'
    await generate(contract, 1, undefined, newMaterial)
    const outcome = await generate(contract, 1, 'order', newMaterial)
    expect(outcome).toMatchObject({ kind: 'generated', issuedAt: NOW, keys: { length: 1 } })
    expect(materials).toEqual([])
    expect(await keysOfContract(contract)).toHaveLength(2)
  })

  it('fails after three attempts and writes nothing', async () => {
    const contract = await addContractWithGenerator()
    const existing = randomKeyMaterial(1)
    const newMaterial = () => existing
    await generate(contract, 1, undefined, newMaterial)
    const before = await contractSnapshot()
    const attempt = generate(contract, 1, 'order', newMaterial)
    await expect(attempt).rejects.toThrow(UniqueConstraintError)
    expect(await contractSnapshot()).toBe(before)
  })
})

it('contracts/generate generates keys once if the database response is lost', async () => {
  const contract = await addContractWithGenerator(3)
  const message = 'Network connection lost.'
  const { db, roundTrips } = observe(env.DB, failAfterCommit(message, message))
  const outcome = await generate(contract, 3, undefined, randomKeyMaterial, db)
  expect(outcome).toMatchObject({ kind: 'generated', keys: { length: 3 } })
  expect(roundTrips).toHaveLength(3)
  expect(await keysOfContract(contract)).toHaveLength(3)
})

it('a contract holder generates and destroys 10,000 keys in one request each', async () => {
  const contract = await addContractWithGenerator(10_000)
  const outcome = await generate(contract, 10_000, 'order')
  if (!('keys' in outcome)) throw new Error(`Unexpected outcome: ${outcome.kind}`)
  expect(outcome.keys.map(([, licenseKey]) => licenseKey)).toEqual(await keysOfContract(contract))
  const answer = await callAsContractHolder(DESTROY_ALL, { contract_key: contract.key })
  expect(answer.response.code).toBe(1500)
  expect(await keysOfContract(contract)).toEqual([])
  const replay = await generate(contract, 10_000, 'order')
  expect(replay).toEqual({ ...outcome, kind: 'replayed' })
})

it.each([
  ['contracts/destroy', keyDestruction.statements],
  ['contracts/destroy-all', allKeysDestruction.statements],
  ['contracts/get-info', [contractInformation.select]],
  ['update-contract', contractUpdate.statements],
] as const)('%s uses indexes to find license keys and operations', async (_, statements) => {
  for (const statement of statements as readonly Statement<unknown>[]) {
    const values = statement.placeholders.map(() => null)
    const { results } = await env.DB.prepare(`explain query plan ${statement.sql}`)
      .bind(...values)
      .all<{ detail: string }>()
    const plan = results.map(({ detail }) => detail)
    expect(
      plan.filter((detail) => /SCAN (license_keys|operations|contracts|issuances)/.test(detail)),
    ).toEqual([])
    expect(plan.filter((detail) => /license_keys_by_issuance/.test(detail))).toEqual([])
  }
})
