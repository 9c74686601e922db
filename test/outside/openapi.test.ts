/** The API description is valid, complete, and equal to the rules in the code. */
import { createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { ADMIN_OPERATIONS } from '../../scripts/openapi/admin.ts'
import { responseSchema } from '../../scripts/openapi/answers.ts'
import { descriptionFile, descriptionText } from '../../scripts/openapi/description-file.ts'
import type { JsonSchema, Operation, ResponseObject } from '../../scripts/openapi/document.ts'
import { codeWithout } from '../../scripts/openapi/fields.ts'
import type { OperationText } from '../../scripts/openapi/operation.ts'
import { EXAMPLES, OPERATIONS } from '../../scripts/openapi/operations.ts'
import { parametersOf, settings } from '../../scripts/openapi/requests.ts'
import { adminTablesFile, tablesFile, withAdminTables, withTables } from '../../scripts/openapi/tables.ts'
import { ADMIN_ENDPOINTS } from '../../src/admin/endpoints.ts'
import { ENDPOINTS } from '../../src/endpoints.ts'
import type { Bindings } from '../../src/platform/settings.ts'
import { CODES } from '../../src/protocol/codes.ts'
import protocolEndpoints from '../pinned/protocol-endpoints.json' with { type: 'json' }
import { project } from './support/clone.ts'
import { successOf } from './support/described-service.ts'

interface PinnedEndpoint {
  readonly codes: readonly string[]
  /** Omitted if it is not pinned. */
  readonly required?: readonly string[]
}

const description = JSON.parse(readFileSync(descriptionFile, 'utf8'))

describe('the API description', () => {
  it('is up to date (run npm run openapi)', () => {
    expect(readFileSync(descriptionFile, 'utf8') === descriptionText()).toBe(true)
  })

  it('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(description))
    expect(errors).toBeUndefined()
    expect(valid).toBe(true)
  })

  it('describes exactly the endpoints', () => {
    const described = Object.entries<object>(description.paths).flatMap(([endpointPath, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${endpointPath}`),
    )
    const admin = ADMIN_ENDPOINTS.map(
      ({ method, path: below }) => `${method} /admin/v1${below.replaceAll(/:(\w+)/g, '{$1}')}`,
    )
    const protocol = ENDPOINTS.map(({ method, path: endpointPath }) => `${method} ${endpointPath}`)
    expect(described.sort()).toEqual([...protocol, ...admin].sort())
  })

  it('is up to date in the tables of the documents (run npm run openapi)', () => {
    const tables = readFileSync(tablesFile, 'utf8')
    expect(withTables(tables) === tables).toBe(true)
    const adminTables = readFileSync(adminTablesFile, 'utf8')
    expect(withAdminTables(adminTables) === adminTables).toBe(true)
  })

  it('has a summary of at most 40 characters for each endpoint', () => {
    for (const { summary } of [...ENDPOINTS, ...ADMIN_ENDPOINTS]) expect(summary).toMatch(/^[A-Z].{5,39}$/)
  })
})

/** Expectations from the protocol's documentation, so that a changed declaration fails. */
describe.each(Object.entries(protocolEndpoints as Record<string, PinnedEndpoint>))(
  '%s',
  (endpointPath, pinned) => {
    const text = OPERATIONS.find(({ endpoint }) => endpoint.path === endpointPath) as OperationText

    it('answers the codes of the protocol', () => {
      // Any endpoint can answer 804, because any body can be unreadable.
      const codes = text.codes.map((name) => String(CODES[name].code)).filter((code) => code !== '804')
      expect([...new Set(codes)].sort()).toEqual(pinned.codes)
    })

    it('requires the parameters of the protocol', () => {
      const schema = parametersOf(text)
      const conditional = schema?.anyOf?.at(-1)?.required ?? []
      const required = [...new Set([...(schema?.required ?? []), ...conditional])].sort()
      expect(required).toEqual(pinned.required ?? required)
    })
  },
)

describe.each(ADMIN_OPERATIONS)('$endpoint.method $endpoint.path', ({ endpoint, docs }) => {
  it('allows the example of its body', () => {
    const rule = endpoint.body?.({} as Bindings)
    expect(rule === undefined || docs.request !== undefined).toBe(true)
    if (rule) expect(z.safeParse(rule, docs.request).error).toBeUndefined()
    expect(Object.keys(docs.request ?? {}).filter((name) => !(name in (rule?.shape ?? {})))).toEqual([])
  })
})

const operations = Object.entries<Record<string, Operation>>(description.paths)
  .filter(([endpointPath]) => !endpointPath.startsWith('/admin/'))
  .flatMap(([endpointPath, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ endpointPath, method, operation })),
  )

describe.each(operations)('$method $endpointPath', ({ endpointPath, method, operation }) => {
  const isWebhook = endpointPath.startsWith('/webhooks/')

  it('names its purpose and its credential', () => {
    const [details, callers] = operation.description.split('\n\n')
    expect(details?.length).toBeGreaterThan(10)
    const schemes = Object.keys(operation.security[0] ?? {})
    expect(callers).toMatch(/^\*\*Who may call:\*\* /)
    if (schemes.length === 0) expect(callers).toContain('Anyone')
    else if (isWebhook) expect(callers).toContain('signs with the secret')
    else expect(callers).toContain('`Authorization: Bearer <key>`')
    const field = { apiKey: '`api_key`', contractKey: '`contract_key`' }[String(schemes[0])]
    if (field) expect(callers).toContain(`${method === 'get' ? 'the parameter' : 'the field'} ${field}`)
  })

  it('has a summary that fits a sidebar', () => {
    expect(operation.summary).toMatch(/^[A-Z][a-z]+ [\w ]{1,38}\w$/)
    expect(operation.summary.length).toBeLessThanOrEqual(40)
  })

  it('explains every parameter', () => {
    const body = resolve(operation.requestBody?.content['application/json']?.schema)
    const parameters = [
      ...Object.values(body?.properties ?? {}),
      ...(operation.parameters ?? []).map(resolve),
    ]
    expect(parameters.filter((parameter) => !('description' in parameter))).toEqual([])
  })

  it('includes the signing key header, and the codes for a wrong path and method', () => {
    const responses = Object.values(operation.responses).map(resolve) as ResponseObject[]
    const envelopes = responses.filter(({ content }) => content?.['application/json'])
    expect(envelopes.length).toBeGreaterThan(0)
    for (const { headers } of envelopes) expect(headers).toHaveProperty('X-Signing-Key-Id')
    expect(operation.responses).toHaveProperty('404')
    expect(resolve(operation.responses['405'])).toHaveProperty('headers.Allow')
  })
})

describe('the description of signatures', () => {
  const { Envelope } = description.components.schemas

  it('names both algorithms and the header of the key id', () => {
    for (const text of [description.info.description, Envelope.properties.signature.description]) {
      expect(text).toMatch(/RS256/)
      expect(text).toMatch(/Ed25519/)
      expect(text).toMatch(/X-Signing-Key-Id/)
    }
  })

  it('allows only one text in place of a signature', () => {
    const signature = z.fromJSONSchema(Envelope.properties.signature)
    const source = readFileSync(path.join(project, 'src/protocol/envelope.ts'), 'utf8')
    const unsigned = /NO_SIGNATURE = '(.+)'/.exec(source)?.[1]
    expect(signature.safeParse(unsigned).success).toBe(true)
    expect(description.info.description).toContain(`"signature":"${unsigned}"`)
    expect(signature.safeParse('Private key unset').success).toBe(false)
  })

  it('has public keys as examples, with their thumbprints as key ids', async () => {
    const pem = successOf(description.paths['/api/v1/public-key'].get)[1].example
    const { keys } = successOf(description.paths['/.well-known/jwks.json'].get)[1].example as { keys: JWK[] }
    for (const jwk of keys) expect(await calculateJwkThumbprint(jwk)).toBe(jwk.kid)
    const spki = keys.map((key) =>
      createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }),
    )
    expect(spki[0]).toBe(pem)
    expect(keys.map(({ alg }) => alg)).toEqual(['RS256', 'EdDSA'])
  })
})

describe('the example answers', () => {
  const { keys } = successOf(description.paths['/.well-known/jwks.json'].get)[1].example as { keys: JWK[] }
  const signingKey = keys.find(({ kid }) => kid === description.components.headers.SigningKeyId.example)
  const envelopes = OPERATIONS.filter(({ codes, document }) => codes.length > 0 && !document)

  it.each(envelopes)(
    'of $endpoint.path match their schema, and their encoding and signatures are valid',
    (text) => {
      const operation = description.paths[text.endpoint.path][text.endpoint.method.toLowerCase()]
      const envelope = successOf(operation)[1].example as Record<string, string>
      expect(Object.keys(envelope)).toEqual(['response', 'response_base64', 'private_key_used', 'signature'])
      const { response, response_base64: signed = '', signature = '' } = envelope
      const [name = 'internalError'] = text.codes
      expect(responseSchema(name, CODES[name]).safeParse(response).error).toBeUndefined()
      expect(Buffer.from(signed, 'base64').toString()).toBe(JSON.stringify(response))
      const key = createPublicKey({ key: signingKey ?? {}, format: 'jwk' })
      expect(verify('sha256', Buffer.from(signed), key, Buffer.from(signature, 'base64'))).toBe(true)
    },
  )
})

function resolve<Target>(target: Target): Target {
  const { $ref } = (target ?? {}) as { $ref?: string }
  if ($ref === undefined) return target
  return $ref
    .split('/')
    .slice(1)
    .reduce((found, name) => found[name], description)
}

describe('the schema of parameters', () => {
  const withRules = OPERATIONS.filter(({ endpoint }) => endpoint.parameters !== undefined)

  /** Possible values of a field, valid and invalid. */
  const CANDIDATES: readonly unknown[] = [
    ...[-1, 0, 1, 2, 1.5, 255, 256, 1_000, 1_001, 10_000, 36_500, 36_501, 100_000, 100_001, 1_000_000],
    ...[1_000_001, 2_147_483_647, 2_147_483_648, Number.MAX_SAFE_INTEGER, true, {}, [], ['a'], [1]],
    ...['36500', '36501', '100000', '100001', '1000000', '1000001', '2147483647', '2147483648', '007', '00'],
    ...['9007199254740991', '9007199254740992', '199', '9999', '10000', '10001', '20000', '999999'],
    ...['0', '1', '2', '1e3', ' 7', '+1', 'x', 'available', 'active', 'envato', 'internal', 'deleted'],
    ...['ada@example.com', 'Not set', 'a'.repeat(255), 'a'.repeat(256), 'a'.repeat(2_048), 'a'.repeat(2_049)],
    ...['a'.repeat(10_000), 'a'.repeat(10_001), '2026-11-24 07:30:00', '["A"]', 'https://shop.example/keys'],
  ]
  /** Rules that JSON Schema cannot express completely. Their descriptions do. */
  const PARTLY_DESCRIBED = new Set([
    'webhook_url',
    'assigned_at',
    'license_keys',
    'features',
    'owner_email',
    'email',
  ])

  it.each(withRules)('of $endpoint.path matches its validation, except for rules in prose', (text) => {
    const rules = text.endpoint.parameters?.(settings) as z.ZodObject
    const schema = parametersOf(text)
    const differences = Object.entries(rules.shape).flatMap(([name, rule]) => {
      const described = z.fromJSONSchema(schema?.properties?.[name] as never)
      return CANDIDATES.flatMap((value) => {
        const isAccepted = (rule as z.ZodType).safeParse(value).success
        if (!isAccepted && PARTLY_DESCRIBED.has(name)) return []
        return described.safeParse(value).success === isAccepted ? [] : [[name, value, isAccepted]]
      })
    })
    expect(differences).toEqual([])
  })

  it.each(withRules)('of $endpoint.path names the required parameters', (text) => {
    const rules = text.endpoint.parameters?.(settings) as z.ZodObject
    const required = Object.entries(rules.shape)
      .filter(([, rule]) => !(rule as z.ZodType).safeParse(undefined).success)
      .map(([name]) => name)
    const withCodes = Object.keys(rules.shape).filter((name) => codeWithout(text, name))
    const described = parametersOf(text)?.required ?? []
    expect([...described].sort()).toEqual([...withCodes, ...required].sort())
  })

  it.each(
    withRules.filter(({ endpoint }) => /random-assign-license-keys$|\/v1\/generate$/.test(endpoint.path)),
  )('of $endpoint.path names the setting that limits the quantity', (text) => {
    const quantity = parametersOf(text)?.properties?.quantity
    expect(quantity?.description).toContain(
      'MAX_QUANTITY, a setting of the server (default 1000, at most 10000)',
    )
  })

  it('limits credentials as the server does', () => {
    const { VerifyRequest, ContractsGenerateRequest } = description.components.schemas
    expect(VerifyRequest.properties.api_key).toMatchObject({ minLength: 1 })
    expect(ContractsGenerateRequest.properties.contract_key).toMatchObject({ minLength: 1, maxLength: 255 })
  })

  it.each(EXAMPLES.filter(({ endpoint }) => endpoint.parameters))(
    'allows the example of $endpoint.path',
    (text) => {
      const schema = parametersOf(text) as JsonSchema
      expect(z.fromJSONSchema(schema as never).safeParse(text.example?.request).error).toBeUndefined()
    },
  )
})
