/** Sends requests to the admin API as an operator, and checks what every answer has. */
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import type { Role } from '../../src/callers/operators.ts'
import { sha256HexOfText } from '../../src/platform/hash.ts'
import { send } from './client.ts'

export interface AdminResponse {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: each endpoint has its own body, which the tests name.
  readonly body: any
}

export interface AdminOptions {
  readonly headers?: Record<string, string>
  readonly bindings?: object
}

type WithoutBody = (path: string, options?: AdminOptions) => Promise<AdminResponse>
type WithBody = (path: string, body?: unknown, options?: AdminOptions) => Promise<AdminResponse>

export interface Operator {
  readonly id: number
  readonly token: string
  readonly get: WithoutBody
  readonly post: WithBody
  readonly patch: WithBody
  readonly delete: WithoutBody
}

/** An audit entry costs this many rows: the insert and the update of an entry and of its index. */
export const AUDIT_ROWS_WRITTEN = 6

/** The audit entries of a subject, such as `product:7`, in order. */
export async function auditOf(subject: string) {
  const { results } = await env.DB.prepare(
    'select actor, action, before, after from audit_entries where subject = ? order by id',
  )
    .bind(subject)
    .all<{ actor: string; action: string; before: string | null; after: string | null }>()
  return results.map(({ before, after, ...entry }) => ({
    ...entry,
    before: before === null ? null : JSON.parse(before),
    after: after === null ? null : JSON.parse(after),
  }))
}

/** The Worker secret in tests. */
export const ADMIN_TOKEN = 'admin-token-of-the-tests-000000000000'
const ROOT_BINDINGS = { ADMIN_TOKEN }

/** @param path below `/admin/v1` */
export async function sendAdmin(
  method: string,
  path: string,
  token: string | undefined,
  body: unknown,
  { headers, bindings }: AdminOptions = {},
): Promise<AdminResponse> {
  const response = await send({
    method,
    path: `/admin/v1${path}`,
    headers: {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(bindings && { bindings }),
  })
  const text = await response.text()
  expect(response.headers.get('Cache-Control')).toBe('no-store')
  expect(response.headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/)
  const isProblem = response.status >= 400
  if (text !== '') {
    const type = isProblem ? 'application/problem+json' : 'application/json'
    expect(response.headers.get('Content-Type')).toBe(type)
  }
  const parsed = text === '' ? undefined : JSON.parse(text)
  if (isProblem)
    expect(parsed).toMatchObject({ status: response.status, type: `urn:keyseal:problem:${parsed.code}` })
  return { status: response.status, headers: response.headers, body: parsed }
}

function operatorWith(id: number, token: string, common: AdminOptions = {}): Operator {
  const merged = (options: AdminOptions = {}) => ({ ...common, ...options })
  return {
    id,
    token,
    get: (path, options) => sendAdmin('GET', path, token, undefined, merged(options)),
    post: (path, body, options) => sendAdmin('POST', path, token, body, merged(options)),
    patch: (path, body, options) => sendAdmin('PATCH', path, token, body, merged(options)),
    delete: (path, options) => sendAdmin('DELETE', path, token, undefined, merged(options)),
  }
}

/** The holder of ADMIN_TOKEN. */
export function asRoot(): Operator {
  return operatorWith(1, ADMIN_TOKEN, { bindings: ROOT_BINDINGS })
}

interface OperatorOptions {
  readonly name?: string
  readonly status?: 'active' | 'revoked'
  /** Milliseconds UTC. */
  readonly expiresAt?: number
}

/** A new operator with this role. */
export async function asOperator(role: Role, options: OperatorOptions = {}): Promise<Operator> {
  const token = `keyseal_${crypto.randomUUID()}${crypto.randomUUID()}`
  const row = await env.DB.prepare(
    `insert into operators (name, role, token_hash, token_start, status, expires_at, created_at, updated_at)
     values (?, ?, ?, 'keyseal_test', ?, ?, 0, 0) returning id`,
  )
    .bind(
      options.name ?? `The ${role}`,
      role,
      await sha256HexOfText(token),
      options.status ?? 'active',
      options.expiresAt ?? null,
    )
    .first<{ id: number }>()
  if (!row) throw new Error('The operator was not added.')
  return operatorWith(row.id, token)
}
