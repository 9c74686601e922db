import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { ContractHolder } from '../../src/callers/contract-holders.ts'
import { allKeysDestruction, keyDestruction } from '../../src/contracts/contract-destruction.ts'
import { contractInformation } from '../../src/contracts/contract-information.ts'
import { type GenerationSources, generateContractKeys } from '../../src/contracts/contract-keys.ts'
import { contractChange } from '../../src/contracts/contract-terms.ts'
import type { Statement } from '../../src/db/batch.ts'
import { UniqueConstraintError } from '../../src/db/errors.ts'
import { freshMaterial } from '../../src/issuing/key-formats.ts'
import {
  addContract,
  addGenerator,
  askAsHolder,
  DESTROY_ALL,
  everythingOfContracts,
  keysUnder,
  type TestContract,
} from '../support/contracts.ts'
import { observe } from '../support/observed-database.ts'
import { openShop } from '../support/shop.ts'

const NOW = Date.UTC(2026, 10, 24, 12, 0, 0, 829)
const RANDOM: GenerationSources = { now: NOW, materialFor: freshMaterial }

const holderOf = ({ key }: TestContract): ContractHolder => ({ contractKey: key, networks: [] })
const orderOf = (quantity: number) => ({ quantity, quantityMax: 10_000 })

async function openContract(quota = 65) {
  const shop = await openShop()
  await addGenerator(shop)
  return addContract(shop, { quota })
}

describe('a generated key that exists already', () => {
  it('rolls everything back and is replaced by a fresh one', async () => {
    const contract = await openContract()
    const taken = freshMaterial(1)
    const materials = [taken, taken, freshMaterial(1)]
    const sources = { now: NOW, materialFor: () => materials.shift() ?? '[]' }
    await generateContractKeys(env.DB, holderOf(contract), orderOf(1), undefined, sources)
    const outcome = await generateContractKeys(env.DB, holderOf(contract), orderOf(1), 'order', sources)
    expect(outcome).toMatchObject({ kind: 'generated', issuedAt: NOW, keys: { length: 1 } })
    expect(materials).toEqual([])
    expect(await keysUnder(contract)).toHaveLength(2)
  })

  it('is given up after three attempts, with nothing written', async () => {
    const contract = await openContract()
    const taken = freshMaterial(1)
    const sources = { now: NOW, materialFor: () => taken }
    await generateContractKeys(env.DB, holderOf(contract), orderOf(1), undefined, sources)
    const before = await everythingOfContracts()
    const attempt = generateContractKeys(env.DB, holderOf(contract), orderOf(1), 'order', sources)
    await expect(attempt).rejects.toThrow(UniqueConstraintError)
    expect(await everythingOfContracts()).toBe(before)
  })
})

it('a batch whose answer was lost is not written a second time, and the last key of a quota is given', async () => {
  const contract = await openContract(3)
  const losses = ['Network connection lost.', 'Network connection lost.']
  const { db, roundTrips } = observe(env.DB, {
    after() {
      const loss = losses.shift()
      if (loss) throw new Error(`D1_ERROR: ${loss}`)
    },
  })
  const outcome = await generateContractKeys(db, holderOf(contract), orderOf(3), undefined, RANDOM)
  expect(outcome).toMatchObject({ kind: 'generated', keys: { length: 3 } })
  expect(roundTrips).toHaveLength(3)
  expect(await keysUnder(contract)).toHaveLength(3)
})

it('10,000 keys are generated at once, by ascending id, and destroyed at once', async () => {
  const contract = await openContract(10_000)
  const outcome = await generateContractKeys(env.DB, holderOf(contract), orderOf(10_000), 'order', RANDOM)
  if (outcome.kind !== 'generated') throw new Error(`Not expected: ${outcome.kind}`)
  expect(outcome.keys.map(([, licenseKey]) => licenseKey)).toEqual(await keysUnder(contract))
  const opened = await askAsHolder(DESTROY_ALL, { contract_key: contract.key })
  expect(opened.response.code).toBe(1500)
  expect(await keysUnder(contract)).toEqual([])
  const replay = await generateContractKeys(env.DB, holderOf(contract), orderOf(10_000), 'order', RANDOM)
  expect(replay).toEqual({ ...outcome, kind: 'replayed' })
})

it.each([
  ['contracts/destroy', keyDestruction.statements],
  ['contracts/destroy-all', allKeysDestruction.statements],
  ['contracts/get-info', [contractInformation.select]],
  ['update-contract', contractChange.statements],
] as const)('%s finds license keys and operations by their indexes', async (_, statements) => {
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
