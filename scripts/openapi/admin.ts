/** The admin API in the description. Its answers are JSON and problem details instead of envelopes. */
import * as z from 'zod'
import { docs as apiKeys } from '../../src/admin/access/api-keys-docs.ts'
import { docs as blocklist } from '../../src/admin/access/blocklist-docs.ts'
import { docs as contracts } from '../../src/admin/access/contracts-docs.ts'
import { docs as operators } from '../../src/admin/access/operators-docs.ts'
import { ADMIN_PATH } from '../../src/admin/app.ts'
import { docs as catalog } from '../../src/admin/catalog/docs.ts'
import type { AdminDocs, AdminEndpointDocs } from '../../src/admin/docs.ts'
import type { AdminEndpoint } from '../../src/admin/endpoint.ts'
import { ADMIN_ENDPOINTS } from '../../src/admin/endpoints.ts'
import { docs as imports } from '../../src/admin/imports/docs.ts'
import { docs as licenses } from '../../src/admin/licenses/docs.ts'
import { docs as people } from '../../src/admin/people/people-docs.ts'
import { PROBLEMS, type ProblemCode, problemBody } from '../../src/admin/problems.ts'
import { docs as sales } from '../../src/admin/sales/docs.ts'
import { docs as service } from '../../src/admin/service/docs.ts'
import type { Bindings } from '../../src/platform/settings.ts'
import {
  capitalize,
  type JsonSchema,
  type Operation,
  type Parameter,
  type ResponseObject,
} from './document.ts'

/** In the order of the API reference. */
const ADMIN_DOCS: readonly AdminDocs[] = [
  licenses,
  sales,
  catalog,
  people,
  imports,
  apiKeys,
  contracts,
  blocklist,
  service,
  operators,
]

export const ADMIN_TAGS = ADMIN_DOCS.map(({ tag, description }) => ({ name: `Admin: ${tag}`, description }))

export const ADMIN_SECURITY = {
  operator: {
    type: 'http',
    scheme: 'bearer',
    description: 'The token of an operator, or `ADMIN_TOKEN` to manage operators.',
  },
}

export const ADMIN_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Problem: {
    title: 'Problem details (RFC 9457)',
    type: 'object',
    required: ['type', 'title', 'status', 'code', 'detail', 'request_id'],
    properties: {
      type: { type: 'string', format: 'uri' },
      title: { type: 'string' },
      status: { type: 'integer' },
      code: { enum: Object.keys(PROBLEMS), description: 'Compare this. It never changes' },
      detail: { type: 'string', description: 'What to do' },
      errors: {
        type: 'object',
        description: 'What is wrong with each field',
        additionalProperties: { type: 'array', items: { type: 'string' } },
      },
      request_id: { type: 'string', format: 'uuid', description: 'The id of this request in the log' },
    },
  },
}

/** An endpoint with its texts. */
export interface AdminOperation {
  readonly endpoint: AdminEndpoint
  readonly tag: string
  readonly docs: AdminEndpointDocs
}

/** In the order of `ADMIN_ENDPOINTS`. */
export const ADMIN_OPERATIONS: readonly AdminOperation[] = ADMIN_ENDPOINTS.map((endpoint) => {
  const name = `${endpoint.method} ${endpoint.path}`
  const folder = ADMIN_DOCS.find(({ endpoints }) => name in endpoints)
  if (!folder) throw new Error(`Add ${name} to the docs of its folder in src/admin.`)
  return { endpoint, tag: `Admin: ${folder.tag}`, docs: folder.endpoints[name] ?? {} }
})

const names = ADMIN_ENDPOINTS.map(({ method, path }) => `${method} ${path}`)
const unknown = ADMIN_DOCS.flatMap((folder) => Object.keys(folder.endpoints)).find(
  (name) => !names.includes(name),
)
if (unknown)
  throw new Error(`No admin endpoint is ${unknown}. Remove it from the docs of its folder in src/admin.`)

export function adminPaths(): Record<string, Record<string, Operation>> {
  const paths: Record<string, Record<string, Operation>> = {}
  for (const operation of ADMIN_OPERATIONS) {
    const { method, path } = operation.endpoint
    const described = `${ADMIN_PATH}${path.replaceAll(/:(\w+)/g, '{$1}')}`
    paths[described] = { ...paths[described], [method.toLowerCase()]: describe(operation) }
  }
  return paths
}

function describe({ endpoint, tag, docs }: AdminOperation): Operation {
  const { method, path, summary } = endpoint
  const words = `${method.toLowerCase()} ${path}`.match(/[a-z]+/g) ?? []
  const parameters = [...pathParameters(path), ...queryParameters(endpoint), ...headerParameters(method)]
  return {
    operationId: `admin${words.map(capitalize).join('')}`,
    tags: [tag],
    summary,
    description: `${docs.details ?? `${summary}.`}\n\n**Who may call:** ${callersOf(endpoint)}`,
    security: [{ operator: [] }],
    ...(parameters.length > 0 && { parameters }),
    ...(endpoint.body && {
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: { ...schemaOf(endpoint.body({} as Bindings)), additionalProperties: false },
            ...(docs.request && { example: docs.request }),
          },
        },
      },
    }),
    responses: { ...answerOf(endpoint, docs), ...problemsOf(endpoint) },
  }
}

const CALLERS = {
  viewer: 'Every operator',
  support: 'Operators with the role `support` or `owner`',
  owner: 'Operators with the role `owner`',
} as const

export function callersOf({ role, root }: AdminEndpoint): string {
  return `${CALLERS[role]}${root ? ', and the holder of `ADMIN_TOKEN`' : ''}.`
}

function schemaOf(rule: z.core.$ZodType): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(rule, { io: 'input', unrepresentable: 'any' })
  return schema as JsonSchema
}

function pathParameters(path: string): Parameter[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: /(^|_)id$/.test(name) ? { type: 'integer', minimum: 1 } : { type: 'string', maxLength: 255 },
  }))
}

function queryParameters(endpoint: AdminEndpoint): Parameter[] {
  const { properties = {}, required = [] } = schemaOf(endpoint.query({} as Bindings))
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema,
  }))
}

function headerParameters(method: AdminEndpoint['method']): Parameter[] {
  if (method === 'GET') return []
  const schema = { type: 'string' }
  const idempotencyKey: Parameter = {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      '1 to 255 visible ASCII characters. A repeated request with the same key is not carried out again',
    schema,
  }
  const description =
    'The `ETag` of the version that you read. If it has changed, the answer is `version-mismatch`'
  return method === 'PATCH'
    ? [idempotencyKey, { name: 'If-Match', in: 'header', required: false, description, schema }]
    : [idempotencyKey]
}

function answerOf({ path, method }: AdminEndpoint, { answer }: AdminEndpointDocs) {
  if (!answer) return { '204': { description: 'Done' } as ResponseObject }
  const media = { schema: schemaOfExample(answer), example: answer }
  const isCreated = method === 'POST' && /^\/[a-z-]+$/.test(path)
  return { [isCreated ? '201' : '200']: { description: 'Done', content: { 'application/json': media } } }
}

/** The schema of an answer. Any value may also be null. */
export function schemaOfExample(value: unknown): JsonSchema {
  if (value === null) return {}
  if (Array.isArray(value)) return { type: ['array', 'null'], items: schemaOfExample(value[0] ?? null) }
  if (typeof value === 'object') {
    const members = Object.entries(value as object)
    return {
      type: ['object', 'null'],
      properties: Object.fromEntries(members.map(([name, member]) => [name, schemaOfExample(member)])),
    }
  }
  return { type: [Number.isInteger(value) ? 'integer' : typeof value, 'null'] }
}

const COMMON_PROBLEMS: readonly ProblemCode[] = [
  'invalid-request',
  'token-missing',
  'token-invalid',
  'role-missing',
  'method-not-allowed',
  'too-many-requests',
  'setting-missing',
  'internal-error',
  'database-unavailable',
]
const BODY_PROBLEMS: readonly ProblemCode[] = [
  'too-large',
  'unsupported-media-type',
  'idempotency-key-reused',
]

/** By status, since OpenAPI has one answer for each. */
function problemsOf({ method, path, problemCodes }: AdminEndpoint): Record<string, ResponseObject> {
  const isChange = method !== 'GET'
  const withPath: readonly ProblemCode[] = path.includes(':') ? ['not-found'] : []
  const codes = [
    ...new Set([...COMMON_PROBLEMS, ...withPath, ...(isChange ? BODY_PROBLEMS : []), ...problemCodes]),
  ]
  const statuses = [...new Set(codes.map((code) => PROBLEMS[code].status))].sort()
  return Object.fromEntries(
    statuses.map((status) => {
      const own = codes.filter((code) => PROBLEMS[code].status === status)
      return [String(status), problemResponse(own)]
    }),
  )
}

const REQUEST_ID = 'a3b1c8d2-5e6f-4a7b-8c9d-0e1f2a3b4c5d'

function problemResponse(codes: readonly ProblemCode[]): ResponseObject {
  const [first = 'internal-error'] = codes
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('. '),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        example: problemBody({ code: first }, REQUEST_ID),
      },
    },
  }
}
