/** Thousands of invalid requests, most of them with a valid API key. */
import { env } from 'cloudflare:workers'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ISSUE_PATH, isSignedBy, readEnvelope, send } from '../support/client.ts'
import { failureLines } from '../support/log.ts'
import { countRows, openShop, orderFields } from '../support/shop.ts'
import { requests, seed, seeded } from './plan.ts'

const shop = await openShop()
const validFields: Record<string, string> = orderFields(shop)
const NAMES = Object.keys(validFields)
const FORM = 'application/x-www-form-urlencoded'

interface BadRequest {
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string | Uint8Array<ArrayBuffer>
}

/** The characters that headers allow. */
const headerValue = fc.oneof(
  fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    maxLength: 300,
  }),
  fc.constantFrom(
    '',
    '0',
    '-1',
    'NaN',
    'Infinity',
    '1e9',
    '*/*',
    'Bearer',
    'Bearer  ',
    'Bearer a b',
    'null',
    ';;;',
    '"',
    'x'.repeat(5000),
  ),
)

/** Headers that the Worker or Cloudflare reads, missing or with unusual values. */
const unusualHeaders = fc
  .dictionary(
    fc.constantFrom(
      'Accept',
      'Accept-Encoding',
      'Accept-Language',
      'CF-Connecting-IP',
      'CF-Ray',
      'Content-Encoding',
      'Content-Language',
      'Cookie',
      'Forwarded',
      'If-None-Match',
      'Origin',
      'Range',
      'Referer',
      'User-Agent',
      'X-Forwarded-For',
      'X-Request-Id',
    ),
    headerValue,
    { noNullPrototype: true },
  )
  .map((headers) => Object.entries(headers))

/** A supported content type, none, or any text. */
const contentType = fc.oneof(
  fc.constantFrom(
    FORM,
    `${FORM}; charset=utf-16`,
    'application/json',
    'APPLICATION/JSON;x=y',
    'text/plain',
    'multipart/form-data',
  ),
  headerValue,
)

/** Any bytes. */
const bytes = fc.uint8Array({ maxLength: 2000 }).map((body) => new Uint8Array(body))

/** A value that every rule rejects, as JSON text. */
const invalidJsonValue = fc.oneof(
  fc.constantFrom(
    'null',
    'true',
    'false',
    '""',
    '[]',
    '{}',
    '-1',
    '1.0',
    '1e2',
    '1e400',
    '-0',
    '"\\u0000"',
    '"\\ud800"',
    '"a\\udc00b"',
  ),
  fc.array(fc.jsonValue(), { minLength: 1 }).map((list) => JSON.stringify(list)),
  fc
    .dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true })
    .map((object) => JSON.stringify(object)),
  fc.double({ min: 0.5, max: 0.9 }).map(String),
  fc.nat({ max: 500 }).map((depth) => '['.repeat(depth + 1) + ']'.repeat(depth + 1)),
)

/** Valid fields except one with a wrong type, as JSON. */
const wrongType = fc
  .tuple(fc.constantFrom(...NAMES.filter((name) => name !== 'api_key')), invalidJsonValue)
  .map(([name, value]) => {
    const fields = NAMES.filter((other) => other !== name).map(
      (other) => `${JSON.stringify(other)}:${JSON.stringify(validFields[other])}`,
    )
    return {
      body: `{${[...fields, `${JSON.stringify(name)}:${value}`].join(',')}}`,
      type: 'application/json',
    }
  })

/** A valid form with one change that makes it invalid. */
const invalidForm = fc
  .tuple(
    fc.constantFrom(...NAMES),
    fc.constantFrom('twice', 'broken', 'null byte', 'surrogate', 'half', 'missing', 'huge'),
    fc.string(),
  )
  .map(([name, how, text]) => {
    const rest = new URLSearchParams(
      NAMES.filter((other) => other !== name).map((other) => [other, validFields[other] ?? '']),
    )
    const value = encodeURIComponent(validFields[name] ?? '')
    const changed: Record<string, string> = {
      twice: `${name}=${value}&${name}=${encodeURIComponent(text.toWellFormed())}`,
      broken: `${name}=${value}%${text.startsWith('0') ? 'zz' : 'g'}`,
      'null byte': `${name}=${value.slice(0, 1)}%00${value.slice(1)}`,
      surrogate: `${name}=${value}%ED%A0%80`,
      half: `${name}=${value}%F0%9F`,
      missing: `nothing=${value}`,
      huge: `${name}=${value}&${'nested[a]'.repeat(20)}=${'x'.repeat(70_000)}`,
    }
    return { body: `${rest}&${changed[how]}`, type: FORM }
  })

/** A valid order with an invalid Idempotency-Key. */
const invalidIdempotencyKey = fc
  .oneof(
    fc.constantFrom('', 'a b', 'x'.repeat(256)),
    headerValue.filter((value) => !/^[\x21-\x7e]{1,255}$/.test(value.trim())),
  )
  .map((value) => ({
    body: new URLSearchParams(validFields).toString(),
    type: FORM,
    headers: [['Idempotency-Key', value]] as [string, string][],
  }))

const invalidOrder: fc.Arbitrary<BadRequest> = fc
  .tuple(
    fc.oneof(
      wrongType.map((order) => ({ ...order, headers: [] as [string, string][] })),
      invalidForm.map((order) => ({ ...order, headers: [] as [string, string][] })),
      invalidIdempotencyKey,
    ),
    unusualHeaders,
  )
  .map(([{ body, type, headers }, unusual]) => ({
    method: 'POST',
    path: ISSUE_PATH,
    body,
    headers: [...unusual, ['Content-Type', type], ...headers],
  }))

/** Any bytes, sent to the endpoint or elsewhere, with a valid bearer token. */
const randomRequest: fc.Arbitrary<BadRequest> = fc
  .record({
    method: fc.constantFrom('POST', 'POST', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'),
    path: fc.oneof(
      { weight: 4, arbitrary: fc.constant(ISSUE_PATH) },
      { weight: 1, arbitrary: fc.webPath().map((path) => `/${path}`) },
    ),
    body: fc.oneof(bytes, fc.json(), fc.webQueryParameters(), fc.string({ unit: 'binary', maxLength: 500 })),
    type: contentType,
    hasContentType: fc.boolean(),
    unusual: unusualHeaders,
    length: fc.option(headerValue),
  })
  .map(({ type, hasContentType, unusual, length, ...request }) => ({
    ...request,
    headers: [
      ...unusual,
      ['Authorization', `Bearer ${shop.apiKey}`],
      ...(hasContentType ? [['Content-Type', type] as const] : []),
      ...(length === null ? [] : [['Content-Length', length] as const]),
    ],
  }))

async function expectRejected({ path, method, headers, body }: BadRequest): Promise<void> {
  const before = await countRows()
  const answer = await readEnvelope(
    await send({
      path,
      method,
      headers: new Headers(headers.map(([name, value]) => [name, value])),
      body,
      bindings: {},
    }),
  )
  expect(answer.status).toBeGreaterThanOrEqual(400)
  expect(answer.status).toBeLessThan(500)
  expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, answer)).toBe(true)
  expect(await countRows()).toEqual(before)
}

describe('an invalid request gets a signed error and writes nothing:', () => {
  it.each([
    ['a valid order with one invalid part', invalidOrder],
    ['random requests', randomRequest],
  ])(
    `%s ${seeded}`,
    async (_, arbitrary) => {
      await fc.assert(fc.asyncProperty(arbitrary, expectRejected), { seed, numRuns: requests / 2 })
      expect(failureLines()).toEqual([])
    },
    600_000,
  )
})

it('the valid order that these requests change is accepted', async () => {
  const answer = await readEnvelope(await send({ method: 'POST', body: new URLSearchParams(validFields) }))
  expect(answer.response.code).toBe(803)
})
