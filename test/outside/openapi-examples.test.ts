/** Every example of the API's description is what the Worker answers. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { type CodeName, responseSchema } from '../../scripts/openapi/answers.ts'
import type { Operation, Parameter } from '../../scripts/openapi/document.ts'
import { codeWithout } from '../../scripts/openapi/fields.ts'
import type { OperationText } from '../../scripts/openapi/operation.ts'
import { EXAMPLES } from '../../scripts/openapi/operations.ts'
import { PROVIDER_SAMPLES } from '../../scripts/webhook-samples/index.ts'
import { baseHeaders } from '../../src/http/headers.ts'
import { webhookSecretName } from '../../src/payments/settings.ts'
import { CODES } from '../../src/protocol/codes.ts'
import { freePort, project, type Running, removeClone, run, startService } from './support/clone.ts'
import { shapeOf } from './support/described-answer.ts'
import { sendExample, successOf } from './support/described-service.ts'
import { cloneWithDatabase } from './support/keyseal.ts'
import { example } from './support/readme.ts'

const description = JSON.parse(readFileSync(path.join(project, 'public/openapi.json'), 'utf8'))

/** The local settings as `npm start` makes them, and a key of the other kind for a product that no example is about. */
const MAKE_DEV_VARS = `
  import { changeDevVars, makeDevVars } from './scripts/dev-vars.ts'
  import { newSigningKey } from './scripts/secrets.ts'
  makeDevVars()
  changeDevVars({ SIGNING_PRIVATE_KEY_PRODUCT_2: newSigningKey('EdDSA') })`

function operationAt(text: OperationText): Operation {
  return description.paths[text.endpoint.path][text.endpoint.method.toLowerCase()]
}

describe('a service with the demo data', () => {
  let folder: string
  let origin: string
  let service: Running
  /** What stands in the examples for what the server makes up, and what it has made up here. */
  const madeUp = new Map<unknown, unknown>()

  beforeAll(async () => {
    folder = cloneWithDatabase()
    const port = await freePort()
    origin = `http://127.0.0.1:${port}`
    const made = run(folder, process.execPath, '--input-type=module', '-e', MAKE_DEV_VARS)
    if (made.status !== 0) throw new Error(made.output)
    service = await startService(folder, port, /\ncurl -s .*\n/)
    const added = run(folder, 'bash', '-ec', example('run: generators'))
    if (added.status !== 0) throw new Error(added.output)
  })

  afterAll(async () => {
    await service?.interrupt()
    removeClone(folder)
  })

  it('serves the description to any page, and the page /docs, as they are in the repository', async () => {
    const served = await fetch(`${origin}/openapi.json`)
    expect(served.headers.get('Content-Type')).toBe('application/json')
    expect(served.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(await served.json()).toEqual(description)
    const page = await fetch(`${origin}/docs`, { redirect: 'error' })
    expect(await page.text()).toBe(readFileSync(path.join(project, 'public/docs/index.html'), 'utf8'))
  })

  const NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  const OF_PAGE =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  it.each([
    ['GET', '/docs', 200, OF_PAGE],
    ['POST', '/docs', 405, OF_PAGE],
    ['GET', '/docs/', 307, NOTHING],
    ['GET', '/docs/index.html', 307, NOTHING],
    ['GET', '/docs/reference.js', 200, NOTHING],
    ['GET', '/docs/scalar/standalone.esm.js', 200, NOTHING],
    ['GET', '/openapi.json', 200, NOTHING],
    ['POST', '/openapi.json', 405, NOTHING],
  ])('tells browsers of %s %s (%i) what they may load and run', async (method, of, status, policy) => {
    const response = await fetch(origin + of, {
      method,
      redirect: 'manual',
      headers: { Connection: 'close' },
    })
    await response.body?.cancel()
    expect(response.status).toBe(status)
    const { headers } = response
    expect(headers.get('Content-Security-Policy')).toBe(policy)
    const { 'Content-Security-Policy': _ofAnswers, ...others } = baseHeaders(of === '/openapi.json')
    for (const [name, value] of Object.entries(others)) {
      if (!name.startsWith('Access-Control-Expose')) expect(headers.get(name), name).toBe(value)
    }
  })

  it('publishes keys as they are described, names the one that signed, and answers 304 to whoever has them', async () => {
    const url = `${origin}/.well-known/jwks.json`
    const answer = await fetch(url)
    const { keys } = (await answer.json()) as { keys: { kid: string; alg: string }[] }
    const { RsaKey, Ed25519Key } = description.components.schemas
    for (const key of keys) {
      const schema = z.fromJSONSchema({ RS256: RsaKey, EdDSA: Ed25519Key }[key.alg])
      expect(schema.safeParse(key).error).toBeUndefined()
    }
    expect(keys.map(({ alg }) => alg)).toEqual(['RS256', 'EdDSA'])
    const healthy = await fetch(`${origin}/health`)
    expect(healthy.headers.get('X-Signing-Key-Id')).toBe(keys[0]?.kid)
    const again = await fetch(url, { headers: { 'If-None-Match': answer.headers.get('ETag') ?? '' } })
    expect(again.status).toBe(304)
    const { NotModified } = description.components.responses
    for (const name of Object.keys(NotModified.headers)) expect(again.headers.get(name), name).not.toBeNull()
    expect(await again.text()).toBe('')
  })

  it.each(['/', '/docs/other', '/_headers', '/openapi'])('leaves %s to the Worker', async (of) => {
    const response = await fetch(origin + of)
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ response: { code: 2404 } })
  })

  // Each one builds on those before it: they are one story.
  describe.each(EXAMPLES)('$endpoint.path', (text) => {
    const withCodes = Object.keys(text.example?.request ?? {}).filter((name) => codeWithout(text, name))

    for (const name of withCodes) {
      it(`answers the code that is told where ${name} is missing`, async () => {
        const { [name]: _missing, ...request } = told(text)
        const response = await sendExample(origin, text, request, 'application/json')
        const { response: answer } = (await response.json()) as { response: { code: number } }
        expect(answer.code).toBe(CODES[codeWithout(text, name) ?? 'internalError'].code)
      })
    }

    it('answers the example as it is told', () => answersAsTold(text))
  })

  /** The example's request, with what the server has made up in place of what stands for it. */
  function told(text: OperationText): Record<string, unknown> {
    const request = Object.entries(text.example?.request ?? {})
    return Object.fromEntries(request.map(([name, value]) => [name, madeUp.get(value) ?? value]))
  }

  async function answersAsTold(text: OperationText): Promise<void> {
    const request = told(text)
    const response = await sendExample(origin, text, request, 'application/json')
    const [contentType, media] = successOf(operationAt(text))
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')?.split(';')[0]).toBe(contentType)
    const body = await response.text()
    if (typeof media.example === 'string') {
      expect(body.split('\n')[0]).toBe(media.example.split('\n')[0])
      return
    }
    const answer = JSON.parse(body)
    expect(shapeOf(answer, madeUp, media.example)).toEqual(shapeOf(media.example))
    if (!text.document) expectDescribed(answer.response, text.codes[0])
    if (!text.document) expect(response.headers.get('X-Signing-Key-Id')).toMatch(/^[\w-]{43}$/)
    if (text.endpoint.method === 'POST') await expectTheSameOfForm(text, request, body)
  }

  describe.each(PROVIDER_SAMPLES)('/webhooks/$provider', ({ provider, sign }) => {
    const operation: Operation = description.paths[`/webhooks/${provider}`].post
    const body = JSON.stringify(operation.requestBody?.content['application/json']?.example)
    const headers = (operation.parameters ?? []) as Parameter[]

    /** The event of the description, signed now. */
    async function signed(): Promise<Record<string, string>> {
      const secrets = parseEnv(readFileSync(path.join(folder, '.dev.vars'), 'utf8'))
      const id = String(headers.find(({ name }) => name === 'webhook-id')?.example)
      return sign({ id, body }, secrets[webhookSecretName(provider)] ?? '', Math.floor(Date.now() / 1000))
    }

    async function deliver(of: Record<string, string>): Promise<{ code: number; outcome?: string }> {
      const response = await fetch(`${origin}/webhooks/${provider}`, { method: 'POST', headers: of, body })
      return ((await response.json()) as { response: { code: number } }).response
    }

    it('refuses the event where one of the headers that are told is missing', async () => {
      const all = Object.entries(await signed())
      const scheme = description.components.securitySchemes[`signature-${provider}`]
      for (const name of [scheme.name, ...headers.map((header) => header.name)]) {
        const others = all.filter(([sent]) => sent.toLowerCase() !== name.toLowerCase())
        expect(others.length, name).toBe(all.length - 1)
        expect((await deliver(Object.fromEntries(others))).code, name).toBe(2401)
      }
    })

    it('takes the event as it is told', async () => {
      const answer = await deliver(await signed())
      const [, media] = successOf(operation)
      expectDescribed(answer, 'webhookReceived')
      expect(answer.outcome).toBe((media.example as { response: { outcome: string } }).response.outcome)
    })
  })

  /** The same fields as a form are the same request: what was done already is told again. */
  async function expectTheSameOfForm(text: OperationText, request: Record<string, unknown>, body: string) {
    const again = await sendExample(origin, text, request, 'application/x-www-form-urlencoded')
    if (text.endpoint.isReadOnly) {
      expect(await again.json()).toMatchObject({ response: { code: JSON.parse(body).response.code } })
      return
    }
    expect(await again.text()).toBe(body)
    expect(again.headers.get('Idempotent-Replayed')).toBe('true')
  }

  /** The answer has this code, and all and only the fields that are told of it. */
  function expectDescribed(response: unknown, name: CodeName = 'internalError'): void {
    expect(responseSchema(name, CODES[name]).safeParse(response).error).toBeUndefined()
  }
})
