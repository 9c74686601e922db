/** Every example of the API's description is what the Worker answers. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_PRICE } from '../../scripts/demo-data.ts'
import { type CodeName, responseSchema } from '../../scripts/openapi/answers.ts'
import type { Operation } from '../../scripts/openapi/document.ts'
import type { OperationText } from '../../scripts/openapi/operation.ts'
import { OPERATIONS } from '../../scripts/openapi/operations/index.ts'
import { PROVIDER_SAMPLES } from '../../scripts/webhook-samples/index.ts'
import { CODES } from '../../src/envelope/codes.ts'
import { webhookSecretName } from '../../src/payments/settings.ts'
import {
  cloneProject,
  freePort,
  project,
  type Running,
  removeClone,
  run,
  startService,
} from './support/clone.ts'
import { shapeOf } from './support/described-answer.ts'
import { endpointOf, sendExample, successOf } from './support/described-service.ts'
import { example } from './support/readme.ts'

const description = JSON.parse(readFileSync(path.join(project, 'public/openapi.json'), 'utf8'))
const examples = OPERATIONS.filter((text) => text.example)

function operationAt(text: OperationText): Operation {
  return description.paths[text.path][endpointOf(text).method.toLowerCase()]
}

describe('a service with the demo data', () => {
  let folder: string
  let origin: string
  let service: Running
  /** What stands in the examples for what the server makes up, and what it has made up here. */
  const madeUp = new Map<unknown, unknown>()

  beforeAll(async () => {
    folder = cloneProject()
    const port = await freePort()
    origin = `http://127.0.0.1:${port}`
    service = await startService(folder, port, /\ncurl -s .*\n/)
    const added = run(folder, 'bash', '-ec', example('run: generators'))
    if (added.status !== 0) throw new Error(added.output)
  })

  afterAll(async () => {
    await service?.interrupt()
    removeClone(folder)
  })

  it('serves the description and its page as they are in the repository, to any page', async () => {
    const served = await fetch(`${origin}/openapi.json`)
    expect(served.headers.get('Content-Type')).toBe('application/json')
    expect(served.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(await served.json()).toEqual(description)
    const page = await fetch(`${origin}/docs`, { redirect: 'error' })
    expect(page.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
    expect(await page.text()).toBe(readFileSync(path.join(project, 'public/docs/index.html'), 'utf8'))
  })

  it.each(['/', '/docs/other', '/_headers', '/openapi'])('leaves %s to the Worker', async (of) => {
    const response = await fetch(origin + of)
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ response: { code: 2404 } })
  })

  // Each one builds on those before it: they are one story.
  it.each(examples)('answers the example of $path as it is told', async (text) => {
    const request = Object.fromEntries(
      Object.entries(text.example?.request ?? {}).map(([name, value]) => [name, madeUp.get(value) ?? value]),
    )
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
    if (endpointOf(text).method === 'POST') await expectTheSameOfForm(text, request, body)
  })

  it.each(PROVIDER_SAMPLES)('takes an event of $provider as it is told', async (samples) => {
    const secrets = parseEnv(readFileSync(path.join(folder, '.dev.vars'), 'utf8'))
    const now = Date.now()
    const event = samples.purchase({ order: '1001', externalId: DEMO_PRICE, now })
    const secret = secrets[webhookSecretName(samples.provider)] ?? ''
    const headers = await samples.sign(event, secret, Math.floor(now / 1000))
    const response = await fetch(`${origin}/webhooks/${samples.provider}`, {
      method: 'POST',
      headers,
      body: event.body,
    })
    const { response: answer } = (await response.json()) as { response: { code: number } }
    expectDescribed(answer, 'webhookReceived')
    const names = Object.keys(headers).map((name) => name.toLowerCase())
    const scheme = description.components.securitySchemes[`signature-${samples.provider}`]
    expect(names).toContain(scheme.name.toLowerCase())
  })

  /** The same fields as a form are the same request: what was done already is told again. */
  async function expectTheSameOfForm(text: OperationText, request: Record<string, unknown>, body: string) {
    const again = await sendExample(origin, text, request, 'application/x-www-form-urlencoded')
    if (text.isReading) {
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
