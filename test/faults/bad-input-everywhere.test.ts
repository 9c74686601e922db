/** Good requests to every endpoint behind a credential, with one thing spoiled: by the thousand, and never our fault. */
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
const good = new Map<string, Record<string, string>>()
for (const path of posts) {
  good.set(path, await validFields(path, shop))
}

/** Anything that JSON may hold, preferably what is nearly right. */
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

const spoiled = fc.constantFrom(...posts).chain((path) =>
  fc.record({
    path: fc.constant(path),
    changes: fc.dictionary(fc.constantFrom(...Object.keys(good.get(path) ?? {})), value, {
      minKeys: 1,
      maxKeys: 3,
      noNullPrototype: true,
    }),
  }),
)

it(`whatever a field holds, the answer is signed and no fault of the server's ${seeded}`, async () => {
  await fc.assert(
    fc.asyncProperty(spoiled, async ({ path, changes }) => {
      const fields = Object.entries(good.get(path) ?? {}).map(
        ([name, text]) => `${JSON.stringify(name)}:${changes[name] ?? JSON.stringify(text)}`,
      )
      const body = `{${fields.join(',')}}`
      const headers = { 'Content-Type': 'application/json' }
      const opened = await readEnvelope(await send({ path, method: 'POST', headers, body, bindings: {} }))
      expect(opened.status).toBeLessThan(500)
      expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, opened)).toBe(true)
    }),
    { seed, numRuns: requests },
  )
  expect(failureLines()).toEqual([])
}, 600_000)
