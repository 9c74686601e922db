/** The Worker's responses equal the examples of the API description. */
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

/** The local settings of `npm start`, plus an Ed25519 key for a product without examples. */
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
  /** The values that the server generated, by the values in the examples. */
  const generated = new Map<unknown, unknown>()

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

  it('serves the API description to any origin, and the page /docs', async () => {
    const served = await fetch(`${origin}/openapi.json`)
    expect(served.headers.get('Content-Type')).toBe('application/json')
    expect(served.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(await served.json()).toEqual(description)
    const page = await fetch(`${origin}/docs`, { redirect: 'error' })
    expect(await page.text()).toBe(readFileSync(path.join(project, 'public/docs/index.html'), 'utf8'))
  })

  const STRICT_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  const PAGE_POLICY =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  it.each([
    ['GET', '/docs', 200, PAGE_POLICY],
    ['POST', '/docs', 405, PAGE_POLICY],
    ['GET', '/docs/', 307, STRICT_POLICY],
    ['GET', '/docs/index.html', 307, STRICT_POLICY],
    ['GET', '/docs/reference.js', 200, STRICT_POLICY],
    ['GET', '/docs/scalar/standalone.esm.js', 200, STRICT_POLICY],
    ['GET', '/openapi.json', 200, STRICT_POLICY],
    ['POST', '/openapi.json', 405, STRICT_POLICY],
  ])('has a Content-Security-Policy for %s %s (%i)', async (method, pathname, status, policy) => {
    const response = await fetch(origin + pathname, {
      method,
      redirect: 'manual',
      headers: { Connection: 'close' },
    })
    await response.body?.cancel()
    expect(response.status).toBe(status)
    const { headers } = response
    expect(headers.get('Content-Security-Policy')).toBe(policy)
    const { 'Content-Security-Policy': _policyOfResponses, ...others } = baseHeaders(
      pathname === '/openapi.json',
    )
    for (const [name, value] of Object.entries(others)) {
      if (!name.startsWith('Access-Control-Expose')) expect(headers.get(name), name).toBe(value)
    }
  })

  it('publishes the described keys, and answers 304 to conditional requests', async () => {
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

  it('publishes the described keys of license files', async () => {
    const answer = await fetch(`${origin}/.well-known/license-file-keys.json`)
    const { keys } = (await answer.json()) as { keys: { alg: string }[] }
    const { RsaFileKey, Ed25519FileKey } = description.components.schemas
    expect(keys.map(({ alg }) => alg)).toEqual(['EdDSA', 'RS256'])
    for (const key of keys) {
      const schema = z.fromJSONSchema({ RS256: RsaFileKey, EdDSA: Ed25519FileKey }[key.alg])
      expect(schema.safeParse(key).error).toBeUndefined()
    }
  })

  it.each(['/', '/docs/other', '/_headers', '/openapi'])('passes %s to the Worker', async (pathname) => {
    const response = await fetch(origin + pathname)
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ response: { code: 2404 } })
  })

  // Each example depends on the ones before it.
  describe.each(EXAMPLES)('$endpoint.path', (text) => {
    const requiredNames = Object.keys(text.example?.request ?? {}).filter((name) => codeWithout(text, name))

    for (const name of requiredNames) {
      it(`answers the described code if ${name} is missing`, async () => {
        const { [name]: _omitted, ...request } = requestOf(text)
        const response = await sendExample(origin, text, request, 'application/json')
        const { response: answer } = (await response.json()) as { response: { code: number } }
        expect(answer.code).toBe(CODES[codeWithout(text, name) ?? 'internalError'].code)
      })
    }

    it('answers the example as described', () => expectDescribedAnswer(text))
  })

  /** @returns the example's request, with the values that the server generated */
  function requestOf(text: OperationText): Record<string, unknown> {
    const request = Object.entries(text.example?.request ?? {})
    return Object.fromEntries(request.map(([name, value]) => [name, generated.get(value) ?? value]))
  }

  async function expectDescribedAnswer(text: OperationText): Promise<void> {
    const request = requestOf(text)
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
    expect(shapeOf(answer, generated, media.example)).toEqual(shapeOf(media.example))
    if (!text.document) expectDescribed(answer.response, text.codes[0])
    if (!text.document) expect(response.headers.get('X-Signing-Key-Id')).toMatch(/^[\w-]{43}$/)
    if (text.endpoint.method === 'POST') await expectSameFromForm(text, request, body)
  }

  describe.each(PROVIDER_SAMPLES)('/webhooks/$provider', ({ provider, sign }) => {
    const operation: Operation = description.paths[`/webhooks/${provider}`].post
    const body = JSON.stringify(operation.requestBody?.content['application/json']?.example)
    const headers = (operation.parameters ?? []) as Parameter[]

    /** @returns the headers of the described event, signed now */
    async function signEvent(): Promise<Record<string, string>> {
      const secrets = parseEnv(readFileSync(path.join(folder, '.dev.vars'), 'utf8'))
      const id = String(headers.find(({ name }) => name === 'webhook-id')?.example)
      return sign({ id, body }, secrets[webhookSecretName(provider)] ?? '', Math.floor(Date.now() / 1000))
    }

    async function deliver(sentHeaders: Record<string, string>): Promise<{ code: number; outcome?: string }> {
      const response = await fetch(`${origin}/webhooks/${provider}`, {
        method: 'POST',
        headers: sentHeaders,
        body,
      })
      return ((await response.json()) as { response: { code: number } }).response
    }

    it('rejects the event if a described header is missing', async () => {
      const all = Object.entries(await signEvent())
      const scheme = description.components.securitySchemes[`signature-${provider}`]
      for (const name of [scheme.name, ...headers.map((header) => header.name)]) {
        const others = all.filter(([sent]) => sent.toLowerCase() !== name.toLowerCase())
        expect(others.length, name).toBe(all.length - 1)
        expect((await deliver(Object.fromEntries(others))).code, name).toBe(2401)
      }
    })

    it('accepts the event as described', async () => {
      const answer = await deliver(await signEvent())
      const [, media] = successOf(operation)
      expectDescribed(answer, 'webhookReceived')
      expect(answer.outcome).toBe((media.example as { response: { outcome: string } }).response.outcome)
    })
  })

  /** Sends the request again as a form. The answer must be a replay, because the fields are equal. */
  async function expectSameFromForm(text: OperationText, request: Record<string, unknown>, body: string) {
    const again = await sendExample(origin, text, request, 'application/x-www-form-urlencoded')
    const { isReadOnly, answersCurrentState, isIdempotent } = text.endpoint
    if (isReadOnly || answersCurrentState || isIdempotent) {
      const { code } = isIdempotent ? CODES.trialRunning : JSON.parse(body).response
      expect(await again.json()).toMatchObject({ response: { code } })
      return
    }
    expect(await again.text()).toBe(body)
    expect(again.headers.get('Idempotent-Replayed')).toBe('true')
  }

  /** Expects this code and exactly the described fields. */
  function expectDescribed(response: unknown, name: CodeName = 'internalError'): void {
    expect(responseSchema(name, CODES[name]).safeParse(response).error).toBeUndefined()
  }
})
