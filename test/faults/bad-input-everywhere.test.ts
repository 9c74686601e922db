/** Thousands of requests with one invalid part to every endpoint that needs a credential. None may get a 5xx. */
import { env } from 'cloudflare:workers'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { ENDPOINTS } from '../../src/endpoints.ts'
import { isSignedBy, readEnvelope, send } from '../support/client.ts'
import { failureLines } from '../support/log.ts'
import { openShop } from '../support/shop.ts'
import { VALID_REQUESTS, validFields } from '../support/valid-requests.ts'
import { requests, seed, seeded } from './plan.ts'

const shop = await openShop()
const posts = ENDPOINTS.flatMap(({ method, path }) =>
  method === 'POST' && VALID_REQUESTS[path] ? [path] : [],
)
const valid = new Map<string, Record<string, string>>()
for (const path of posts) {
  valid.set(path, await validFields(path, shop))
}

/** Any JSON value, often an almost valid one. */
const value = fc.oneof(
  fc.constantFrom(
    'null',
    'true',
    '""',
    '[]',
    '{}',
    '-1',
    '0',
    '1.0',
    '1e2',
    '1e400',
    '"\\u0000"',
    '"\\ud800"',
  ),
  fc.constantFrom(
    '"0"',
    '"1"',
    '"2147483647"',
    '"99999999999999999999"',
    '"available"',
    '"[\\"a\\",\\"a\\"]"',
    '["a"]',
  ),
  fc.string({ unit: 'binary', maxLength: 300 }).map((text) => JSON.stringify(text)),
  fc.jsonValue().map((json) => JSON.stringify(json)),
  fc.nat({ max: 300 }).map((depth) => '['.repeat(depth + 1) + ']'.repeat(depth + 1)),
)

const invalidRequest = fc.constantFrom(...posts).chain((path) =>
  fc.record({
    path: fc.constant(path),
    changes: fc.dictionary(fc.constantFrom(...Object.keys(valid.get(path) ?? {})), value, {
      minKeys: 1,
      maxKeys: 3,
      noNullPrototype: true,
    }),
  }),
)

it(`any field value gets a signed response below 500 ${seeded}`, async () => {
  await fc.assert(
    fc.asyncProperty(invalidRequest, async ({ path, changes }) => {
      const fields = Object.entries(valid.get(path) ?? {}).map(
        ([name, text]) => `${JSON.stringify(name)}:${changes[name] ?? JSON.stringify(text)}`,
      )
      const body = `{${fields.join(',')}}`
      const headers = { 'Content-Type': 'application/json' }
      const answer = await readEnvelope(await send({ path, method: 'POST', headers, body, bindings: {} }))
      expect(answer.status).toBeLessThan(500)
      expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, answer)).toBe(true)
    }),
    { seed, numRuns: requests },
  )
  expect(failureLines()).toEqual([])
}, 600_000)
