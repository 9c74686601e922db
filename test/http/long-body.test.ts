import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { ENDPOINTS } from '../../src/endpoints.ts'
import { BODY_BYTES_MAX } from '../../src/http/body.ts'
import { BODY_VALUES_MAX } from '../../src/http/body-text.ts'
import { JSON_DEPTH_MAX } from '../../src/http/json-body.ts'
import { newKeysFields } from '../support/administration.ts'
import { type ApiResponse, post } from '../support/client.ts'
import { requestLines } from '../support/log.ts'
import { observe } from '../support/observed-database.ts'
import { openShop, type Shop } from '../support/shop.ts'

const PATH = '/api/v1/create-license-keys'
const FORM = 'application/x-www-form-urlencoded'
const JSON_TYPE = 'application/json'
const MULTIPART = 'multipart/form-data; boundary=limit'
const PADDING = 'x'.repeat(BODY_BYTES_MAX)

const shop = await openShop()

interface Sent {
  readonly type?: string
  readonly headers?: Record<string, string>
  readonly bindings?: object
}

async function send(body: BodyInit, { type = JSON_TYPE, headers = {}, bindings = {} }: Sent = {}) {
  const { db, roundTrips } = observe(env.DB)
  const answer: ApiResponse = await post(
    {},
    { path: PATH, body, headers: { 'Content-Type': type, ...headers }, bindings: { DB: db, ...bindings } },
  )
  return { code: answer.response.code, errors: answer.response.errors, roundTrips: roundTrips.length }
}

function multipart(fields: readonly (readonly [name: string, value: string])[]): string {
  const parts = fields.map(
    ([name, value]) => `--limit\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  return `${parts.join('')}--limit--\r\n`
}

/** A valid request of more than 64 KiB in each format. */
function longBodies({ apiKey, ...others }: Shop): [type: string, body: string][] {
  const fields = { api_key: apiKey, ...newKeysFields({ ...others }), padding: PADDING }
  return [
    [FORM, new URLSearchParams(fields).toString()],
    [JSON_TYPE, JSON.stringify(fields)],
    [MULTIPART, multipart(Object.entries(fields))],
  ]
}

describe('a body of more than 64 KiB', () => {
  it.each([0, 1, 2])('is parsed after the database was asked: format %i', async (format) => {
    const [type, body] = longBodies(shop)[format] ?? ['', '']
    expect(await send(body, { type })).toMatchObject({ code: 900, roundTrips: 2 })
    expect(requestLines().at(-1)).toMatchObject({ apiKeyId: shop.apiKeyId, roundTrips: 2 })
  })

  it.each([0, 1, 2])('is not parsed for a caller that may not send it: format %i', async (format) => {
    const refused: [Shop, number][] = [
      [{ ...shop, apiKey: 'unknown' }, 100],
      [await openShop({ apiKeyStatus: 'inactive' }), 101],
      [await openShop({ capabilities: ['use', 'assign', 'products', 'contracts'] }), 102],
      [await openShop({ allowedIps: ['192.0.2.1/32'] }), 103],
    ]
    for (const [caller, code] of refused) {
      const [type, body] = longBodies(caller)[format] ?? ['', '']
      expect(await send(body, { type })).toMatchObject({ code, roundTrips: 1 })
    }
  })

  it('without an API key is refused without a question', async () => {
    for (const [type, body] of longBodies({ ...shop, apiKey: '' })) {
      expect(await send(body, { type })).toMatchObject({ code: 100, roundTrips: 0 })
    }
  })

  it('is not checked for syntax before the caller is known', async () => {
    const invalid = `{"api_key":"unknown","x":"${PADDING}",`
    expect(await send(invalid)).toMatchObject({ code: 100, roundTrips: 1 })
    expect(await send(invalid.replace('unknown', shop.apiKey))).toMatchObject({ code: 804, roundTrips: 1 })
    const broken = `padding=${PADDING}&owner_name=%zz&api_key=`
    expect(await send(`${broken}unknown`, { type: FORM })).toMatchObject({ code: 100, roundTrips: 1 })
    expect(await send(broken + shop.apiKey, { type: FORM })).toMatchObject({ code: 804, roundTrips: 1 })
  })

  it('may have any letters, and must be UTF-8', async () => {
    for (const shift of ['', 'x', 'xx']) {
      const fields = { api_key: shop.apiKey, ...newKeysFields(shop), padding: shift + '€'.repeat(50_000) }
      expect((await send(JSON.stringify(fields))).code).toBe(900)
    }
    const bytes = new TextEncoder().encode(`{"api_key":"${shop.apiKey}","x":"${PADDING}€`)
    const errors = { body: ['The body must be UTF-8 text.'] }
    expect(await send(bytes.subarray(0, -1))).toMatchObject({ code: 804, errors })
  })

  it('may have its API key in a header or the query', async () => {
    const body = JSON.stringify({ ...newKeysFields(shop), padding: PADDING })
    const bearer = { Authorization: `Bearer ${shop.apiKey}` }
    expect(await send(body, { headers: bearer })).toMatchObject({ code: 900, roundTrips: 2 })
    const { response } = await post(
      {},
      { path: `${PATH}?api_key=${shop.apiKey}`, body, headers: { 'Content-Type': JSON_TYPE } },
    )
    expect(response.code).toBe(900)
  })

  it('counts once for the limit of its API key, before the database is asked', async () => {
    const counted: string[] = []
    const limiter = (success: boolean) => ({
      limit: async ({ key }: { key: string }) => ({ success: counted.push(key) > 0 && success }),
    })
    const body = JSON.stringify({ api_key: shop.apiKey, ...newKeysFields(shop), padding: PADDING })
    const allowed = { RATE_LIMITS: 'on', LIMIT_API_KEY: limiter(true) }
    expect(await send(body, { bindings: allowed })).toMatchObject({ code: 900 })
    expect(counted).toHaveLength(1)
    const refused = { RATE_LIMITS: 'on', LIMIT_API_KEY: limiter(false) }
    expect(await send(body, { bindings: refused })).toEqual({ code: 2429, errors: undefined, roundTrips: 0 })
  })

  it('can be sent only to endpoints whose callers can be asked', () => {
    const long = ENDPOINTS.filter(({ bodyBytesMax = 0 }) => bodyBytesMax > BODY_BYTES_MAX)
    expect(long.length).toBeGreaterThan(5)
    expect(long.filter(({ caller }) => !caller.credential?.ask)).toEqual([])
  })
})

describe('a body has limits that are checked before it is parsed:', () => {
  const start = `{"api_key":"${shop.apiKey}","x":`
  const tooMany = `The body must have at most ${BODY_VALUES_MAX} fields and members of lists.`
  const tooDeep = `The body must have at most ${JSON_DEPTH_MAX} nested lists and objects.`
  const nested = (depth: number) => `${start}${'['.repeat(depth)}${']'.repeat(depth)}}`
  const list = (length: number) => `${start}[${new Array(length).fill('1').join()}]}`
  const pairs = (length: number) => `api_key=${shop.apiKey}${'&a'.repeat(length)}`
  const parts = (length: number) =>
    multipart([['api_key', shop.apiKey], ...new Array(length).fill(['a', ''])])

  it.each([
    ['depth of JSON', JSON_TYPE, nested(JSON_DEPTH_MAX - 1), nested(JSON_DEPTH_MAX), tooDeep],
    ['members in JSON', JSON_TYPE, list(BODY_VALUES_MAX - 2), list(BODY_VALUES_MAX), tooMany],
    ['pairs of a form', FORM, pairs(BODY_VALUES_MAX - 1), pairs(BODY_VALUES_MAX), tooMany],
    ['parts of a form', MULTIPART, parts(BODY_VALUES_MAX - 1), parts(BODY_VALUES_MAX), tooMany],
  ])('%s', async (_, type, longest, tooLong, reason) => {
    expect((await send(longest, { type })).code).toBe(901)
    expect(await send(tooLong, { type })).toEqual({ code: 804, errors: { body: [reason] }, roundTrips: 0 })
  })

  it('members in the text of a list', async () => {
    const fields = { api_key: shop.apiKey, ...newKeysFields(shop) }
    const sent = (text: string) =>
      send(new URLSearchParams({ ...fields, license_keys: text }).toString(), { type: FORM })
    const errors = async (text: string) => (await sent(text)).errors.license_keys
    const [tooMany, noList] = [
      ['The license_keys field must contain at most 10000 license keys.'],
      ['The license_keys field must be a JSON array of license keys.'],
    ]
    expect(await errors(`[${'[],'.repeat(10_000)}[]]`)).toEqual(tooMany)
    expect(await errors(`${'['.repeat(9_000)}${']'.repeat(9_000)}`)).toEqual(noList)
    const features = new URLSearchParams({ ...fields, features: ','.repeat(1_000_000) }).toString()
    expect(Object.keys((await send(features, { type: FORM })).errors)).toEqual(['features'])
  })
})
