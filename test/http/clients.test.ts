/** What unmodified clients of the protocol send: PHP, curl, browsers, SDKs, and people who paste keys. */
import { describe, expect, it } from 'vitest'
import { get, newKeysFields, postJson, storedKey } from '../support/administration.ts'
import { type ApiResponse, post, type RequestOptions, readEnvelope, send } from '../support/client.ts'
import { addContract, callAsContractHolder, GET_INFO } from '../support/contracts.ts'
import { activatedKeyFields } from '../support/key-life.ts'
import { logText, requestLines } from '../support/log.ts'
import { openShop, orderFields } from '../support/shop.ts'
import { addGenerator } from '../support/stock.ts'

const shop = await openShop()
const CREATE = '/api/v1/create-license-keys'
const VERIFY = '/api/v1/verify'
const COUNT = '/api/v1/get-available-license-keys-count'
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }
const { license_keys: _, ...NEW_KEYS } = newKeysFields(shop)

/** Posts without a content type of its own: the body has one, or none. */
async function postBody(body: BodyInit | null, options: RequestOptions = {}): Promise<ApiResponse> {
  return readEnvelope(await send({ method: 'POST', body, ...options }))
}

function formData(fields: Readonly<Record<string, string | Blob>>): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  return form
}

describe('multipart/form-data', () => {
  it('is read like a form, as UTF-8', async () => {
    const fields = orderFields(shop, { owner_name: 'Zoë "O\'Brien" 😀' }) as Record<string, string>
    const { response } = await postBody(formData(fields))
    expect(response).toMatchObject({ code: 803 })
    expect(response.license_keys[0].owner_name).toBe('Zoë "O\'Brien" 😀')
  })

  it('is read as PHP sends it', async () => {
    const part = (name: string, value: unknown) =>
      `--------------------------d74496d66958873e\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
    const parts = Object.entries(orderFields(shop)).map(([name, value]) => part(name, value))
    const body = `${parts.join('')}--------------------------d74496d66958873e--\r\n`
    const type = 'multipart/form-data; boundary=------------------------d74496d66958873e'
    expect((await postBody(body, { headers: { 'Content-Type': type } })).response.code).toBe(803)
  })

  it('refuses files by name, and ignores those that no endpoint reads', async () => {
    const fields = orderFields(shop) as Record<string, string>
    const file = new Blob(['Ada'], { type: 'text/plain' })
    const errors = { owner_name: ['The owner_name field must not be a file.'] }
    const refused = await postBody(formData({ ...fields, owner_name: file }))
    expect(refused).toMatchObject({ status: 422, response: { code: 804, errors } })
    expect((await postBody(formData({ ...fields, api_key: file }))).response.code).toBe(100)
    const binary = new Blob([new Uint8Array([0xff, 0xfe])])
    expect((await postBody(formData({ ...fields, photo: binary }))).response.code).toBe(803)
  })

  it('refuses a field that is sent twice', async () => {
    const form = formData(orderFields(shop) as Record<string, string>)
    form.append('quantity', '2')
    const errors = { quantity: ['The quantity field must be sent only once.'] }
    expect((await postBody(form)).response).toMatchObject({ code: 804, errors })
  })

  it('may have a quoted boundary, a preamble, names without quotation marks, and headers of parts', async () => {
    const parts = Object.entries(orderFields(shop)).map(
      ([name, value]) =>
        `--a b\r\nContent-Type: text/plain; charset=utf-8\r\ncontent-disposition: form-data; name=${name}\r\n\r\n${value}\r\n`,
    )
    const body = `A form.\r\n${parts.join('')}--a b--\r\nThe end.`
    const headers = { 'Content-Type': 'Multipart/Form-Data; charset=utf-8; boundary="a b"' }
    expect((await postBody(body, { headers })).response.code).toBe(803)
  })

  const type = 'multipart/form-data; boundary=a'
  const disposition = 'Content-Disposition: form-data; name="owner_name"'
  it.each([
    ['without a boundary', 'multipart/form-data', '--a--'],
    ['with a boundary that is too long', `multipart/form-data; boundary=${'a'.repeat(71)}`, '--a--'],
    ['that is empty', type, ''],
    ['without its last boundary', type, `--a\r\n${disposition}\r\n\r\nAda\r\n`],
    ['with a part without a name', type, '--a\r\nContent-Disposition: form-data\r\n\r\nAda\r\n--a--'],
    ['with a part without headers', type, '--a\r\n--a--'],
    ['with long headers', type, `--a\r\nX: ${'x'.repeat(1000)}\r\n${disposition}\r\n\r\nAda\r\n--a--`],
    ['with text that is not UTF-8', type, latin1(`--a\r\n${disposition}\r\n\r\nZo\u00eb\r\n--a--`)],
  ])('%s gets 804 with errors.body', async (_, contentType, body) => {
    const { response } = await postBody(body, { headers: { 'Content-Type': contentType } })
    expect(response).toMatchObject({
      code: 804,
      errors: { body: [expect.stringMatching(/^The body .*\.$/)] },
    })
  })

  function latin1(text: string): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(text, (character) => character.charCodeAt(0))
  }
})

describe('a list as PHP and jQuery send it', () => {
  const key = () => crypto.randomUUID()

  it.each([
    ['license_keys[]', 'license_keys[]'],
    ['license_keys[0]', 'license_keys[1]'],
    ['license_keys%5B%5D', 'license_keys%5B%5D'],
    ['license_keys%5B0%5D', 'license_keys%5B1%5D'],
  ])('is read as one field: %s', async (first, second) => {
    const keys = [key(), key()]
    const body = `${new URLSearchParams({ api_key: shop.apiKey, ...NEW_KEYS })}&${first}=${keys[0]}&${second}=${keys[1]}`
    const { response } = await post({}, { path: CREATE, body, headers: FORM })
    expect(response).toMatchObject({ code: 900, created: 2, duplicate: 0 })
    expect(await storedKey(String(keys[1]))).toMatchObject({ product_id: shop.productId })
  })

  it('is read from multipart/form-data', async () => {
    const form = formData({ api_key: shop.apiKey, ...NEW_KEYS, 'features[]': 'pro' })
    for (const licenseKey of [key(), key(), key()]) form.append('license_keys[]', licenseKey)
    form.append('features[]', 'cloud')
    expect((await postBody(form, { path: CREATE })).response).toMatchObject({ code: 900, created: 3 })
  })

  it.each([
    ['beside the field itself', 'license_keys=%5B%5D&license_keys[]=a'],
    ['before the field itself', 'license_keys[]=a&license_keys=%5B%5D'],
    ['with a number that is repeated', 'license_keys[0]=a&license_keys[0]=b'],
  ])('is refused %s', async (_, list) => {
    const body = `${new URLSearchParams({ api_key: shop.apiKey, ...NEW_KEYS })}&${list}`
    const { response } = await post({}, { path: CREATE, body, headers: FORM })
    const errors = { license_keys: ['The license_keys field must be sent only once.'] }
    expect(response).toMatchObject({ code: 901, errors })
  })

  it('is not read for a field that is no list, nor with names inside', async () => {
    const { quantity: __, ...fields } = orderFields(shop)
    const { response } = await post({ ...fields, 'quantity[]': '2' })
    expect(response.errors).toEqual({ quantity: ['The quantity field is required.'] })
    const nested = { api_key: shop.apiKey, ...NEW_KEYS, 'license_keys[a]': key() }
    expect((await post(nested, { path: CREATE })).response.errors).toEqual({
      license_keys: ['The license_keys field is required.'],
    })
  })
})

describe('an API key', () => {
  const spaces = [' ', '\t', '\n', '\r\n']

  it.each(spaces.map((space) => [space]))('may have %j around it', async (space) => {
    const padded = `${space}${shop.apiKey}${space}`
    const fields = orderFields(shop, { api_key: padded })
    expect((await post(fields)).response.code).toBe(803)
    expect((await postJson('/api/v1/random-assign-license-keys', fields)).response.code).toBe(803)
    const count = { product_id: String(shop.productId) }
    expect((await get(COUNT, { ...count, api_key: padded })).response.code).toBe(741)
    const headers = { Authorization: `Bearer ${space.replaceAll(/[\r\n]/g, ' ')}${shop.apiKey} ` }
    expect((await get(COUNT, count, { headers })).response.code).toBe(741)
    expect((await get(COUNT, { ...count, api_key: padded }, { headers })).response.code).toBe(741)
  })

  it('of only white space is none', async () => {
    expect((await post(orderFields(shop, { api_key: ' \t' }))).response.code).toBe(100)
    const headers = { Authorization: `Bearer ${shop.apiKey}` }
    expect((await post(orderFields(shop, { api_key: ' ' }), { headers })).response.code).toBe(803)
  })

  it('may be sent as X-API-Key, and different keys are refused', async () => {
    const { api_key: apiKey, ...fields } = orderFields(shop)
    const headers = { 'X-API-Key': apiKey }
    expect((await post(fields, { headers })).response.code).toBe(803)
    expect((await post({ ...fields, api_key: apiKey }, { headers })).response.code).toBe(803)
    const both = { ...headers, Authorization: `Bearer ${apiKey}` }
    expect((await post(fields, { headers: both })).response.code).toBe(803)
    expect((await post({ ...fields, api_key: 'other' }, { headers })).response.code).toBe(100)
    const different = { ...headers, Authorization: 'Bearer other' }
    expect((await post(fields, { headers: different })).response.code).toBe(100)
    expect((await post(fields, { headers: { 'X-API-Key': 'other' } })).response.code).toBe(100)
  })

  it('may be the key of a contract in X-API-Key, which counts only on its own', async () => {
    await addGenerator(shop.productId)
    const { key } = await addContract(shop)
    const code = async (fields: Record<string, string>, headers: Record<string, string>) =>
      (await callAsContractHolder(GET_INFO, fields, { headers })).response.code
    expect(await code({}, { 'X-API-Key': key })).toBe(1204)
    expect(await code({}, { 'X-API-Key': 'other' })).toBe(1200)
    expect(await code({ contract_key: key }, { 'X-API-Key': shop.apiKey })).toBe(1204)
  })
})

describe('a POST with its fields in the query', () => {
  it.each([
    ['no body', null, {}],
    ['an empty form', '', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['an empty body that announces JSON', '', { 'Content-Type': 'application/json' }],
  ])('and %s is read, and not logged', async (_, body, headers) => {
    const fields = { api_key: shop.apiKey, ...(await activatedKeyFields(shop)) }
    const path = `${VERIFY}?${new URLSearchParams(fields)}`
    expect((await postBody(body, { path, headers })).response.code).toBe(200)
    expect(requestLines().at(-1)).toMatchObject({ endpoint: VERIFY, code: 200 })
    for (const value of Object.values(fields)) expect(logText()).not.toContain(value)
  })

  it('and a body uses the body for fields that are in both', async () => {
    const query = new URLSearchParams([
      ['quantity', '9'],
      ['quantity', '8'],
      ['owner_name', 'Grace'],
    ])
    const { owner_name: __, ...fields } = orderFields(shop)
    const { response } = await post(fields, { path: `/api/v1/random-assign-license-keys?${query}` })
    expect(response.license_keys).toHaveLength(2)
    expect(response.license_keys[0].owner_name).toBe('Grace')
  })

  it('refuses a field that is repeated in the query only', async () => {
    const { quantity, ...fields } = orderFields(shop)
    const path = `/api/v1/random-assign-license-keys?quantity=${quantity}&quantity=${quantity}`
    const errors = { quantity: ['The quantity field must be sent only once.'] }
    expect((await post(fields, { path })).response).toMatchObject({ code: 804, errors })
  })

  it('and a body of an unknown type gets 2415', async () => {
    const path = `${VERIFY}?api_key=${shop.apiKey}`
    expect((await postBody('{}', { path, headers: { 'Content-Type': 'text/plain' } })).status).toBe(415)
  })
})

describe('a client that was set up for another server', () => {
  it.each([
    '/index.php/api/v1/verify',
    '/API/V1/verify',
    '/api/V1/Verify/',
    '/INDEX.PHP//Api/v1/VERIFY',
    '/V1/verify',
  ])('may call %s', async (path) => {
    const fields = { api_key: shop.apiKey, ...(await activatedKeyFields(shop)) }
    expect((await post(fields, { path })).response.code).toBe(200)
  })

  it.each(['/index.php', '/index.php/health', '/HEALTH', '/api/index.php/v1/verify', '/x/api/v1/verify'])(
    'gets 2404 for %s',
    async (path) => {
      expect((await post({}, { path })).response.code).toBe(2404)
    },
  )

  it('may call JSON text/json', async () => {
    const headers = { 'Content-Type': 'text/json; charset=utf-8' }
    const { response } = await post({}, { body: JSON.stringify(orderFields(shop)), headers })
    expect(response.code).toBe(803)
  })
})
