/** The features of a license key: its own, those of the offer that was sold, or those of the product. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { EFFECTIVE_FEATURES } from '../../src/issuing/features.ts'
import { post } from '../support/client.ts'
import { reissue } from '../support/reissues.ts'
import { openShop, orderFields } from '../support/shop.ts'

type Names = readonly string[] | null

function jsonOf(names: Names): string | null {
  return names && JSON.stringify(names)
}

async function addOffer(productId: number, features: Names): Promise<number> {
  const row = await env.DB.prepare(
    `insert into offers (provider, external_id, product_id, keys_per_unit, mode, validity_days, activation_limit, features)
     values ('stripe', ?, ?, 1, 'key-per-unit', 0, 1, ?) returning id`,
  )
    .bind(crypto.randomUUID(), productId, jsonOf(features))
    .first<{ id: number }>()
  if (!row) throw new Error('The offer was not added.')
  return row.id
}

interface Lists {
  readonly key?: Names
  /** Omitted: the order has no offer. */
  readonly soldOffer?: Names
  readonly currentOffer?: Names
  readonly product?: Names
}

interface SoldKey {
  readonly licenseKey: string
  readonly soldOfferId: number | null
}

/** Issues a license key whose order, product and row have these lists. */
async function sell({ key = null, soldOffer, currentOffer, product = null }: Lists): Promise<SoldKey> {
  const shop = await openShop()
  const { response } = await post(orderFields(shop, { quantity: '1' }))
  const licenseKey = response.license_keys[0].license_key
  const offerOf = (names: Names | undefined) => (names === undefined ? null : addOffer(shop.productId, names))
  const [soldOfferId, currentOfferId] = [await offerOf(soldOffer), await offerOf(currentOffer)]
  await env.DB.batch([
    env.DB.prepare('update products set features = ? where id = ?').bind(jsonOf(product), shop.productId),
    env.DB.prepare('update license_keys set features = ? where license_key = ?').bind(
      jsonOf(key),
      licenseKey,
    ),
    env.DB.prepare(
      `insert into order_lines (issuance_id, provider, order_id, line, units, offer_id, current_offer_id)
       select issuance_id, 'stripe', ?, '1', 1, ?, ? from license_keys where license_key = ?`,
    ).bind(crypto.randomUUID(), soldOfferId, currentOfferId, licenseKey),
  ])
  return { licenseKey, soldOfferId }
}

async function featuresOf(licenseKey: string | undefined): Promise<Names> {
  const row = await env.DB.prepare(
    `select ${EFFECTIVE_FEATURES} as features from license_keys where license_key = ?`,
  )
    .bind(licenseKey)
    .first<{ features: string | null }>()
  if (!row) throw new Error('There is no such license key.')
  return row.features === null ? null : JSON.parse(row.features)
}

describe('the features of a license key', () => {
  it.each<[Lists, Names]>([
    [{ key: ['k'], currentOffer: ['c'], soldOffer: ['s'], product: ['p'] }, ['k']],
    [{ currentOffer: ['c'], soldOffer: ['s'], product: ['p'] }, ['c']],
    [{ soldOffer: ['s', 't'], product: ['p'] }, ['s', 't']],
    [{ soldOffer: null, product: ['p'] }, ['p']],
    [{ product: ['p'] }, ['p']],
    [{ soldOffer: null }, null],
    [{ key: [], soldOffer: ['s'], product: ['p'] }, []],
    [{ soldOffer: [], product: ['p'] }, []],
    // A plan that has no list of its own gets the one of the product, not that of the plan before.
    [{ currentOffer: null, soldOffer: ['s'], product: ['p'] }, ['p']],
  ])('with the lists %j are %j', async (lists, expected) => {
    expect(await featuresOf((await sell(lists)).licenseKey)).toEqual(expected)
  })

  it('stay those of the offer that was sold when the offer gets other terms', async () => {
    const { licenseKey, soldOfferId } = await sell({ soldOffer: ['s'], product: ['p'] })
    await env.DB.batch([
      env.DB.prepare('update offers set removed_at = 1 where id = ?').bind(soldOfferId),
      env.DB.prepare(
        `insert into offers (provider, external_id, product_id, keys_per_unit, mode, validity_days, activation_limit, features)
         select provider, external_id, product_id, 1, mode, 0, 1, '["new"]' from offers where id = ?`,
      ).bind(soldOfferId),
    ])
    expect(await featuresOf(licenseKey)).toEqual(['s'])
  })

  it('are those of the order after each reissue', async () => {
    const { licenseKey } = await sell({ soldOffer: ['s'], product: ['p'] })
    const second = await reissue(licenseKey)
    const third = await reissue(String(second))
    expect(await featuresOf(second)).toEqual(['s'])
    expect(await featuresOf(third)).toEqual(['s'])
  })

  it.each<[Names]>([[['k']], [[]]])('of its own, %j, stay with its reissues', async (key) => {
    const { licenseKey } = await sell({ key, soldOffer: ['s'] })
    const second = await reissue(licenseKey)
    expect(await featuresOf(second)).toEqual(key)
    expect(await featuresOf(await reissue(String(second)))).toEqual(key)
  })

  it('are not those of the order once it is back in stock', async () => {
    const shop = await openShop()
    const { licenseKey } = await sell({ soldOffer: ['s'], product: ['p'] })
    const fields = { api_key: shop.apiKey, license_key: licenseKey, status: 'available' }
    expect((await post(fields, { path: '/api/v1/update-license-key' })).response.code).toBe(950)
    expect(await featuresOf(licenseKey)).toEqual(['p'])
  })
})
