import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { CAPABILITIES } from '../../src/callers/caller.ts'
import { ENDPOINTS } from '../../src/endpoints.ts'
import { readEnvelope, send } from '../support/client.ts'
import { interceptRoundTrips } from '../support/intercepted-database.ts'
import { openShop } from '../support/shop.ts'
import { validFields } from '../support/valid-requests.ts'

/** Endpoints whose data may be slightly stale, since it is read much more often than it changes. */
const NEAREST = ['/api/v1/get-license-key-details', '/api/v1/verify']

/** The database binding, and the constraints of the sessions that were opened. */
function watchSessions() {
  const constraints: (string | undefined)[] = []
  const db = Object.assign(
    interceptRoundTrips(env.DB, (_, run) => run()),
    {
      withSession(constraint?: string) {
        constraints.push(constraint)
        return env.DB.withSession(constraint)
      },
    },
  )
  return { db, constraints }
}

const guarded = ENDPOINTS.filter(({ caller }) =>
  CAPABILITIES.some((capability) => capability === caller.access),
)

it('the endpoints that may use a replica exist', () => {
  expect(guarded.map(({ path }) => path)).toEqual(expect.arrayContaining(NEAREST))
})

it.each(guarded.map((endpoint) => [endpoint.path, endpoint] as const))(
  '%s uses the primary database unless its data may be stale',
  async (path, { method }) => {
    const shop = await openShop()
    const fields = await validFields(path, shop)
    const { db, constraints } = watchSessions()
    const parameters = new URLSearchParams(fields)
    const bindings = { DB: db }
    const answer = await readEnvelope(
      method === 'POST'
        ? await send({ path, method, body: parameters, bindings })
        : await send({ path: `${path}?${parameters}`, bindings }),
    )
    expect(answer.status).toBe(200)
    expect(constraints).toEqual(NEAREST.includes(path) ? ['first-unconstrained'] : [])
  },
)

it.each(NEAREST)('%s uses the primary database for an answer with a proof', async (path) => {
  const shop = await openShop()
  const fields = { ...(await validFields(path, shop)), nonce: crypto.randomUUID() }
  const { db, constraints } = watchSessions()
  const body = new URLSearchParams(fields)
  const answer = await readEnvelope(await send({ path, method: 'POST', body, bindings: { DB: db } }))
  expect(answer.response.proof).toBeDefined()
  expect(constraints).toEqual([])
})
