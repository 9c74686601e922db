/** The API's description is made of the code, is valid, and says of parameters what their rules say. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import type { JsonSchema } from '../../scripts/openapi/document.ts'
import { describeFiles } from '../../scripts/openapi/files.ts'
import { OPERATIONS } from '../../scripts/openapi/operations/index.ts'
import { parametersOf } from '../../scripts/openapi/requests.ts'
import { credentialOf } from '../../scripts/openapi/security.ts'
import { ENDPOINTS } from '../../src/api/v1.ts'
import { readSettings } from '../../src/env.ts'
import { CODES } from '../../src/envelope/codes.ts'
import { project } from './support/clone.ts'
import { endpointOf } from './support/described-service.ts'
import { readme } from './support/readme.ts'

const settings = readSettings({ DB: {} })
const description = JSON.parse(readFileSync(path.join(project, 'public/openapi.json'), 'utf8'))
const examples = OPERATIONS.filter((text) => text.example)

describe('the description', () => {
  it('is what the code says: where this fails, run npm run openapi', async () => {
    for (const [name, text] of Object.entries(await describeFiles())) {
      expect(readFileSync(path.join(project, name), 'utf8') === text, name).toBe(true)
    }
  })

  it('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(description))
    expect(errors).toBeUndefined()
    expect(valid).toBe(true)
  })

  it('describes every endpoint, and nothing else', () => {
    const described = Object.entries<object>(description.paths).flatMap(([of, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${of}`),
    )
    expect(described).toEqual(ENDPOINTS.map(({ method, path: of }) => `${method} ${of}`))
  })

  it.each(OPERATIONS.filter((text) => credentialOf(endpointOf(text))))(
    'tells of $path the codes that the README tells',
    ({ path: of, codes }) => {
      const cells = new RegExp(`^\\| \`\\w+ ${of}\` \\|(.*)\\|$`, 'm').exec(readme)?.[1]?.split('|') ?? []
      const told = cells.at(-1)?.match(/\b\d{3,4}\b/g) ?? []
      // 804 is told of some endpoints only, though the body of any can be unreadable.
      const own = codes.map((name) => String(CODES[name].code)).filter((code) => code !== '804')
      expect(own.sort()).toEqual(told.filter((code) => code !== '804').sort())
    },
  )
})

describe('the schema of parameters', () => {
  const withRules = ENDPOINTS.filter(({ parameters }) => parameters !== undefined)

  /** What a field might hold, right and wrong. */
  const CANDIDATES: readonly unknown[] = [
    ...[-1, 0, 1, 2, 1.5, 255, 256, 1_000, 1_001, 10_000, 36_500, 36_501, 100_000, 100_001, 1_000_000],
    ...[1_000_001, 2_147_483_647, 2_147_483_648, Number.MAX_SAFE_INTEGER, true, {}, [], ['a'], [1]],
    ...['0', '1', '1e3', ' 7', '+1', 'x', 'available', 'active', 'envato', 'internal', 'deleted'],
    ...['ada@example.com', 'Not set', 'a'.repeat(255), 'a'.repeat(256), 'a'.repeat(2_048), 'a'.repeat(2_049)],
    ...['a'.repeat(10_000), 'a'.repeat(10_001), '2026-11-24 07:30:00', '["A"]', 'https://shop.example/keys'],
  ]
  /** Rules whose every detail no JSON Schema can tell; their words do, as of the greatest number in digits. */
  const TOLD_IN_WORDS = new Set(['webhook_url', 'assigned_at', 'license_keys', 'owner_email', 'email'])

  it.each(withRules)(
    'of $path allows what the endpoint takes, and nothing else but for what it says in words',
    (endpoint) => {
      const rules = endpoint.parameters?.(settings) as z.ZodObject
      const schema = parametersOf(endpoint)
      for (const [name, rule] of Object.entries(rules.shape)) {
        const described = z.fromJSONSchema(schema?.properties?.[name] as never)
        for (const value of CANDIDATES) {
          const isTaken = (rule as z.ZodType).safeParse(value).success
          if (!isTaken && isToldInWords(name, value)) continue
          expect(described.safeParse(value).success, `${name} ${JSON.stringify(value)}`).toBe(isTaken)
        }
      }
    },
  )

  it.each(withRules)('of $path says which parameters must be there', (endpoint) => {
    const rules = endpoint.parameters?.(settings) as z.ZodObject
    const required = Object.entries(rules.shape)
      .filter(([, rule]) => !(rule as z.ZodType).safeParse(undefined).success)
      .map(([name]) => name)
    expect(parametersOf(endpoint)?.required ?? []).toEqual(required)
  })

  it.each(examples.filter((text) => endpointOf(text).parameters))('allows the example of $path', (text) => {
    const schema = parametersOf(endpointOf(text)) as JsonSchema
    expect(z.fromJSONSchema(schema as never).safeParse(text.example?.request).error).toBeUndefined()
  })

  function isToldInWords(name: string, value: unknown): boolean {
    return TOLD_IN_WORDS.has(name) || (typeof value === 'string' && /^[0-9]+$/.test(value))
  }
})
