/** Owners as machines send them. A machine cannot correct a name or an address, and a buyer waits. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { addKey, newKeysFields, storedKey } from '../support/administration.ts'
import { type ApiResponse, post } from '../support/client.ts'
import { QUEUED_PATH, queuedOrderFields } from '../support/queued-order.ts'
import { openShop, orderFields, type Shop } from '../support/shop.ts'

const shop = await openShop()

const issue = (changes: Record<string, unknown>, headers: Record<string, string> = {}) =>
  post(orderFields(shop, changes), { headers })

/** Every endpoint that takes an owner, and the owner that it stored. */
const ENDPOINTS: Record<string, (shop: Shop, name: string, email: string) => Promise<unknown>> = {
  'random-assign-license-keys': async (shop, owner_name, owner_email) => {
    const { response } = await post(orderFields(shop, { owner_name, owner_email }))
    return storedOwner(response.license_keys?.[0].license_key)
  },
  'random-assign-license-keys-queued': async (shop, owner_name, owner_email) => {
    const bindings = { DELIVERIES: { sendBatch: async () => {} } }
    await post(queuedOrderFields(shop, { owner_name, owner_email }), { path: QUEUED_PATH, bindings })
    return env.DB.prepare(
      'select owner_name as name, owner_email as email from queued_orders order by id desc',
    ).first()
  },
  'create-license-keys': async (shop, owner_name, owner_email) => {
    const licenseKey = crypto.randomUUID()
    const keys = { license_keys: JSON.stringify([licenseKey]), status: 'assigned' }
    await send('create-license-keys', { ...newKeysFields(shop), ...keys, owner_name, owner_email })
    return storedOwner(licenseKey)
  },
  'update-license-key': (shop, owner_name, owner_email) =>
    afterChange(shop, 'update-license-key', { owner_name, owner_email }),
  'assign-license-key': (shop, owner_name, email) =>
    afterChange(shop, 'assign-license-key', { owner_name, email }),
  'assign-and-activate-license-key': (shop, owner_name, owner_email) =>
    afterChange(shop, 'assign-and-activate-license-key', { owner_name, owner_email, identifier: 'laptop' }),
}

function send(name: string, fields: Record<string, unknown>): Promise<ApiResponse> {
  return post({ api_key: shop.apiKey, ...fields }, { path: `/api/v1/${name}` })
}

async function afterChange(shop: Shop, name: string, fields: Record<string, unknown>): Promise<unknown> {
  const license_key = await addKey(shop)
  await send(name, { license_key, ...fields })
  return storedOwner(license_key)
}

async function storedOwner(licenseKey: string): Promise<unknown> {
  const row = await storedKey(licenseKey)
  return row && { name: row.owner_name, email: row.owner_email }
}

describe.each(Object.entries(ENDPOINTS))('%s', (_, ownerAfter) => {
  it('cleans a name with tabs and line breaks, cuts a long one, and trims an e-mail address', async () => {
    const email = { email: 'ada@example.com' }
    expect(await ownerAfter(shop, '\tAda\r\nLovelace\n', ' ada@example.com\n')).toEqual({
      name: 'Ada Lovelace',
      ...email,
    })
    expect(await ownerAfter(shop, '😀'.repeat(300), '\tada@example.com')).toEqual({
      name: '😀'.repeat(255),
      ...email,
    })
    expect(await ownerAfter(shop, `${'x'.repeat(254)} yz`, 'Not set ')).toEqual({
      name: 'x'.repeat(254),
      email: 'Not set',
    })
  })

  it.each(['first..last@example.com', 'last.@example.com', '.first@example.com'])(
    'accepts the e-mail address %s, which WordPress accepts',
    async (email) => {
      expect(await ownerAfter(shop, 'Ada', email)).toEqual({ name: 'Ada', email })
    },
  )
})

it('the filters of get-license-keys find an owner as it was sent', async () => {
  await issue({ owner_name: 'Grace\nHopper', owner_email: ' grace@example.com' })
  const query = new URLSearchParams({
    api_key: shop.apiKey,
    product_id: String(shop.productId),
    owner_name: 'Grace\nHopper',
    owner_email: ' grace@example.com',
  })
  const answer = await post({}, { path: `/api/v1/get-license-keys?${query}`, method: 'GET', body: null })
  expect(answer.response.license_keys).toHaveLength(2)
})

describe('an e-mail address is refused if it could inject:', () => {
  it.each([
    ['a line break', 'ada@example.com\r\nBcc: eve@example.com'],
    ['a line break at the end of the local part', 'ada\n@example.com'],
    ['a null character', 'ada\u0000@example.com'],
    ['a space', 'ada lovelace@example.com'],
    ['angle brackets', 'Ada <ada@example.com>'],
    ['a second address', 'ada@example.com,eve@example.com'],
    ['a second address after a semicolon', 'ada@example.com;eve@example.com'],
    ['two at signs', 'ada@eve@example.com'],
    ['quotation marks', '"ada"@example.com'],
    ['a comment', 'ada(eve)@example.com'],
    ['a group', 'undisclosed:ada@example.com'],
    ['a backslash', 'ada\\@example.com'],
    ['a line separator', 'ada\u2028@example.com'],
    ['a zero-width character', 'ada\u200b@example.com'],
    ['a reversal of the text', 'ada\u202e@example.com'],
    ['an address literal', 'ada@[127.0.0.1]'],
  ])('%s', async (_, owner_email) => {
    expect(await issue({ owner_email })).toMatchObject({
      status: 422,
      response: { code: 804, errors: { owner_email: ['The owner_email field must be an e-mail address.'] } },
    })
  })
})

it('a replay of an order with a name that is cleaned returns the same bytes', async () => {
  const changes = { owner_name: ` Ada\n${'x'.repeat(300)}`, owner_email: 'first..last@example.com ' }
  const headers = { 'Idempotency-Key': crypto.randomUUID() }
  const first = await issue(changes, headers)
  expect(first.response.code).toBe(803)
  const replay = await issue(changes, headers)
  expect(replay.text).toBe(first.text)
  expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
  const cleaned = { owner_name: `Ada ${'x'.repeat(251)}`, owner_email: 'first..last@example.com' }
  expect((await issue(cleaned, headers)).text).toBe(first.text)
})
