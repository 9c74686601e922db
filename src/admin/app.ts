/**
 * The admin API: routes a request to its endpoint, and answers in JSON. Refusals and errors are problem details (RFC 9457).
 * It works without a signing key and with wrong settings, since an operator needs it then.
 */
import { Hono } from 'hono'
import { bearerToken } from '../callers/bearer-token.ts'
import { ANYONE } from '../callers/caller.ts'
import { useRecorder } from '../callers/last-use.ts'
import { addressOf } from '../callers/networks.ts'
import { adminTokenFault, tokenHashOf } from '../callers/operators.ts'
import { DatabaseUnavailableError } from '../db/errors.ts'
import { metered } from '../db/metering.ts'
import { recordAfterAnswer } from '../http/after-answer.ts'
import type { AppContext, AppEnvironment } from '../http/app.ts'
import { allowed, baseHeaders, REQUEST_ID, RETRY_AFTER_SECONDS } from '../http/headers.ts'
import { isAddressLimitExceeded, isFailureLimitExceeded, tooManyRequests } from '../http/limits.ts'
import { logFailure } from '../platform/log.ts'
import { SettingError } from '../platform/settings.ts'
import { CODES } from '../protocol/codes.ts'
import type { AdminEndpoint, AdminResponse } from './endpoint.ts'
import { PROBLEMS, type Problem, problemBody } from './problems.ts'
import { checkRequest, refusalOf } from './request.ts'

const recordOperatorUse = useRecorder('operators')

export const ADMIN_PATH = '/admin/v1'

export function createAdminApp(endpoints: readonly AdminEndpoint[]): Hono<AppEnvironment> {
  const app = new Hono<AppEnvironment>()
  for (const endpoint of endpoints) {
    app.on(endpoint.method, endpoint.path, (context) => respond(context, endpoint))
  }
  for (const path of new Set(endpoints.map((endpoint) => endpoint.path))) {
    const methods = endpoints.filter((endpoint) => endpoint.path === path).map(({ method }) => method)
    const headers = { Allow: allowed(methods) }
    app.all(path, (context) => {
      context.var.record.endpoint = `${ADMIN_PATH}${path}`
      return unserved(context, { code: 'method-not-allowed', headers })
    })
  }
  app.all('*', (context) => unserved(context, { code: 'not-found' }))
  return app
}

async function respond(context: AppContext, endpoint: AdminEndpoint): Promise<Response> {
  const { record } = context.var
  record.endpoint = `${ADMIN_PATH}${endpoint.path}`
  const limited = await addressProblem(context)
  if (limited) return problemResponse(context, limited)
  const token = bearerToken(context.req.raw.headers)
  if (token === undefined) return failed(context, { code: 'token-missing' })
  const { env } = context
  const given = {
    env,
    db: metered(env.DB, record),
    caller: { tokenHash: await tokenHashOf(env, token) },
    now: record.receivedAt,
    requestId: record.requestId,
  }
  try {
    const pathValues = context.req.param() as Record<string, string>
    const checked = await checkRequest(endpoint, context.req.raw, pathValues, given)
    if (checked.kind === 'problem') return await failed(context, checked.problem)
    return await answered(context, await endpoint.respond(checked.call))
  } catch (error) {
    logFailure(record.requestId, error)
    if (error instanceof DatabaseUnavailableError) {
      return problemResponse(context, { code: 'database-unavailable' })
    }
    if (!(error instanceof SettingError)) return problemResponse(context, { code: 'internal-error' })
    const refusal = await refusalOf(given).catch((): Problem => ({ code: 'database-unavailable' }))
    return failed(context, refusal ?? { code: 'setting-missing', detail: error.message })
  }
}

function answered(context: AppContext, response: AdminResponse): Response | Promise<Response> {
  const { record } = context.var
  record.operatorId = response.operatorId
  if (response.kind === 'problem') return failed(context, response.problem)
  if (response.operatorId !== null) recordAfterAnswer(context, recordOperatorUse, response.operatorId)
  const { status = 200, body, headers } = response.answer
  const isBodiless = status === 204
  return new Response(isBodiless ? null : JSON.stringify(body), {
    status,
    headers: {
      ...headersOf(context),
      ...(!isBodiless && { 'Content-Type': 'application/json' }),
      ...(response.isReplay && { 'Idempotent-Replayed': 'true' }),
      ...headers,
    },
  })
}

/** Counts a request without a valid token. After too many of them, the address gets 429 instead. */
async function failed(context: AppContext, problem: Problem): Promise<Response> {
  const { env } = context
  if (PROBLEMS[problem.code].status !== 401) return problemResponse(context, problem)
  const fault = adminTokenFault(env)
  // Someone may be trying to use it.
  if (fault) logFailure(context.var.record.requestId, fault)
  const address = addressOf(context.req.raw)
  const isExceeded = await isFailureLimitExceeded(env, ANYONE, CODES.apiKeyUnknown, address)
  if (isExceeded) return problemResponse(context, tooMany('failures'))
  return problemResponse(context, { ...problem, headers: { 'WWW-Authenticate': 'Bearer' } })
}

async function unserved(context: AppContext, problem: Problem): Promise<Response> {
  return problemResponse(context, (await addressProblem(context)) ?? problem)
}

async function addressProblem(context: AppContext): Promise<Problem | undefined> {
  const address = addressOf(context.req.raw)
  const isExceeded = await isAddressLimitExceeded(context.env, ANYONE, address)
  return isExceeded ? tooMany('address') : undefined
}

function tooMany(limit: 'address' | 'failures'): Problem {
  return { code: 'too-many-requests', headers: tooManyRequests(limit).headers ?? {} }
}

function problemResponse(context: AppContext, problem: Problem): Response {
  const { record } = context.var
  const { status } = PROBLEMS[problem.code]
  record.code = problem.code
  return new Response(JSON.stringify(problemBody(problem, record.requestId)), {
    status,
    headers: {
      ...headersOf(context),
      'Content-Type': 'application/problem+json',
      ...(status === 503 && { 'Retry-After': String(RETRY_AFTER_SECONDS) }),
      ...problem.headers,
    },
  })
}

function headersOf({ var: { record } }: AppContext): Record<string, string> {
  return { ...baseHeaders(false), 'Cache-Control': 'no-store', [REQUEST_ID]: record.requestId }
}
