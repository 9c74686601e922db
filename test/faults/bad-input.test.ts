/** Requests that make no sense, by the thousand, most of them with a good API key. */
import { env } from 'cloudflare:workers'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ISSUE_PATH, isSignedBy, readEnvelope, send } from '../support/client.ts'
import { failureLines } from '../support/log.ts'
import { countRows, openShop, orderFields } from '../support/shop.ts'
import { requests, seed, seeded } from './plan.ts'

const shop = await openShop()
const good: Record<string, string> = orderFields(shop)
const NAMES = Object.keys(good)
const FORM = 'application/x-www-form-urlencoded'

interface BadRequest {
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string | Uint8Array<ArrayBuffer>
}

/** What a header may hold at all. */
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

/** Headers that mean something to the Worker or to what stands before it, absent or absurd. */
const absurdHeaders = fc
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

/** A content type that names a format the Worker reads, or a missing one, or anything. */
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

/** A value that no rule of these fields takes, as JSON text. */
const wrongJson = fc.oneof(
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

/** Good fields but for one, which is of the wrong type, as JSON. */
const wrongType = fc
  .tuple(fc.constantFrom(...NAMES.filter((name) => name !== 'api_key')), wrongJson)
  .map(([name, value]) => {
    const fields = NAMES.filter((other) => other !== name).map(
      (other) => `${JSON.stringify(other)}:${JSON.stringify(good[other])}`,
    )
    return {
      body: `{${[...fields, `${JSON.stringify(name)}:${value}`].join(',')}}`,
      type: 'application/json',
    }
  })

/** A good form that something is done to, by which it is good no longer. */
const spoiledForm = fc
  .tuple(
    fc.constantFrom(...NAMES),
    fc.constantFrom('twice', 'broken', 'null byte', 'surrogate', 'half', 'missing', 'huge'),
    fc.string(),
  )
  .map(([name, how, text]) => {
    const rest = new URLSearchParams(
      NAMES.filter((other) => other !== name).map((other) => [other, good[other] ?? '']),
    )
    const value = encodeURIComponent(good[name] ?? '')
    const spoiled: Record<string, string> = {
      twice: `${name}=${value}&${name}=${encodeURIComponent(text.toWellFormed())}`,
      broken: `${name}=${value}%${text.startsWith('0') ? 'zz' : 'g'}`,
      'null byte': `${name}=${value.slice(0, 1)}%00${value.slice(1)}`,
      surrogate: `${name}=${value}%ED%A0%80`,
      half: `${name}=${value}%F0%9F`,
      missing: `nothing=${value}`,
      huge: `${name}=${value}&${'nested[a]'.repeat(20)}=${'x'.repeat(70_000)}`,
    }
    return { body: `${rest}&${spoiled[how]}`, type: FORM }
  })

/** A good order under a name that no order can have. */
const badIdempotencyKey = fc
  .oneof(
    fc.constantFrom('', 'a b', 'x'.repeat(256)),
    headerValue.filter((value) => !/^[\x21-\x7e]{1,255}$/.test(value.trim())),
  )
  .map((value) => ({
    body: new URLSearchParams(good).toString(),
    type: FORM,
    headers: [['Idempotency-Key', value]] as [string, string][],
  }))

const badOrder: fc.Arbitrary<BadRequest> = fc
  .tuple(
    fc.oneof(
      wrongType.map((bad) => ({ ...bad, headers: [] as [string, string][] })),
      spoiledForm.map((bad) => ({ ...bad, headers: [] as [string, string][] })),
      badIdempotencyKey,
    ),
    absurdHeaders,
  )
  .map(([{ body, type, headers }, absurd]) => ({
    method: 'POST',
    path: ISSUE_PATH,
    body,
    headers: [...absurd, ['Content-Type', type], ...headers],
  }))

/** Anything at all, sent to the endpoint or elsewhere, with the good API key as a bearer token. */
const anything: fc.Arbitrary<BadRequest> = fc
  .record({
    method: fc.constantFrom('POST', 'POST', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'),
    path: fc.oneof(
      { weight: 4, arbitrary: fc.constant(ISSUE_PATH) },
      { weight: 1, arbitrary: fc.webPath().map((path) => `/${path}`) },
    ),
    body: fc.oneof(bytes, fc.json(), fc.webQueryParameters(), fc.string({ unit: 'binary', maxLength: 500 })),
    type: contentType,
    isTyped: fc.boolean(),
    absurd: absurdHeaders,
    length: fc.option(headerValue),
  })
  .map(({ type, isTyped, absurd, length, ...request }) => ({
    ...request,
    headers: [
      ...absurd,
      ['Authorization', `Bearer ${shop.apiKey}`],
      ...(isTyped ? [['Content-Type', type] as const] : []),
      ...(length === null ? [] : [['Content-Length', length] as const]),
    ],
  }))

async function expectRefused({ path, method, headers, body }: BadRequest): Promise<void> {
  const before = await countRows()
  const opened = await readEnvelope(
    await send({
      path,
      method,
      headers: new Headers(headers.map(([name, value]) => [name, value])),
      body,
      bindings: {},
    }),
  )
  expect(opened.status).toBeGreaterThanOrEqual(400)
  expect(opened.status).toBeLessThan(500)
  expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, opened)).toBe(true)
  expect(await countRows()).toEqual(before)
}

describe('a request that makes no sense is refused in a signed envelope, and writes nothing:', () => {
  it.each([
    ['a good order with one thing spoiled', badOrder],
    ['anything at all', anything],
  ])(
    `%s ${seeded}`,
    async (_, arbitrary) => {
      await fc.assert(fc.asyncProperty(arbitrary, expectRefused), { seed, numRuns: requests / 2 })
      expect(failureLines()).toEqual([])
    },
    600_000,
  )

  it('(and the order that is spoiled above would be taken, were it not)', async () => {
    const opened = await readEnvelope(await send({ method: 'POST', body: new URLSearchParams(good) }))
    expect(opened.response.code).toBe(803)
  })
})
