/**
 * The application: finds the endpoint, asks it, seals its answer. Whatever happens, the caller gets a sealed
 * envelope; what was asked and answered is in the log, and whatever went wrong on our side, under the request id the
 * caller was given.
 */
import { type Context, Hono, type Next } from 'hono'
import { etag, RETAINED_304_HEADERS } from 'hono/etag'
import { getPath } from 'hono/utils/url'
import { DatabaseUnavailableError } from '../db/errors.ts'
import { ENDPOINTS } from '../endpoints.ts'
import { type Bindings, readSettings } from '../env.ts'
import { FOR_BROWSERS } from '../for-browsers.ts'
import { logFailure, logRequest } from '../platform/log.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import { unixSeconds } from '../protocol/dates.ts'
import type { Answer, Endpoint } from '../protocol/endpoint.ts'
import { leaveUnsealed, seal, serialiseResponse } from '../protocol/envelope.ts'
import type { Part } from '../service/health.ts'
import { type SigningKey, SigningKeyError, signingKeyFor, signingSecrets } from '../signing/signing-keys.ts'
import { preflightHeaders, REQUEST_ID, SIGNING_KEY_ID, STANDING_HEADERS, standingHeaders } from './headers.ts'
import { isAddressExceeded, isFailureExceeded } from './limits.ts'
import { writeMetrics } from './metrics.ts'
import { newRecord, noteAnswer, type RequestRecord } from './request-record.ts'
import { tooManyRequests } from './too-many-requests.ts'

interface AppEnvironment {
  Bindings: Bindings
  Variables: { record?: RequestRecord; endpoint?: Endpoint }
}

type AppContext = Context<AppEnvironment>

/** What an answer to a conditional request keeps of the whole one. */
const RETAINED_HEADERS = [...RETAINED_304_HEADERS, REQUEST_ID, ...STANDING_HEADERS]

/** How long a caller should wait while the service can not do its work. */
const RETRY_AFTER_SECONDS = 2

/** Who asks again without being told to, and only where the status says that it is not their fault. */
const TOLD_OF_OUR_FAULTS: readonly Endpoint['access'][] = ['provider', 'monitor']

export function createApp(endpoints: readonly Endpoint[] = ENDPOINTS): Hono<AppEnvironment> {
  const app = new Hono<AppEnvironment>({ getPath: canonicalPath })

  app.use(recorded)
  for (const endpoint of endpoints) {
    // What everybody may see may be cached; all else is said to one caller at one moment.
    if (endpoint.method === 'GET' && endpoint.access === 'public') {
      app.get(endpoint.path, etag({ retainedHeaders: RETAINED_HEADERS }))
    }
    app.on(endpoint.method, endpoint.path, (context) => respond(context, endpoint))
  }
  for (const path of new Set(endpoints.map((endpoint) => endpoint.path))) {
    const allowed = methodsOf(endpoints, path)
    if (FOR_BROWSERS.has(path)) app.options(path, (context) => preflight(context, path, allowed))
    app.all(path, (context) => methodNotAllowed(context, path, allowed))
  }
  app.notFound((context) => sealed(context, { code: CODES.notFound }))
  app.onError((error, context) => failed(context, error))
  return app
}

/** What is noted of the request: the same however often it is asked for. */
function recordOf(context: AppContext): RequestRecord {
  const record = context.get('record') ?? newRecord(context.req.raw.method, Date.now())
  context.set('record', record)
  return record
}

/** Tells the log and the counters of every request, once it is answered. */
async function recorded(context: AppContext, next: Next): Promise<void> {
  const record = recordOf(context)
  await next()
  // The clock stands still but for what is waited for, so this is the time that others took, the database above all.
  const durationMs = Date.now() - record.receivedAt
  logRequest(record, context.res.status, durationMs)
  writeMetrics(context.env.METRICS, record, context.res.status, durationMs)
}

async function respond(context: AppContext, endpoint: Endpoint): Promise<Response> {
  const record = recordOf(context)
  record.endpoint = endpoint.path
  context.set('endpoint', endpoint)
  // No usable key, no service: found out before anything is read or written.
  await globalSigningKey(context)
  const settings = readSettings(context.env)
  const { limiters } = settings
  const request = context.req.raw
  const address = request.headers.get('CF-Connecting-IP')
  if (await isAddressExceeded(limiters, endpoint.access, address)) {
    return sealed(context, tooManyRequests('address'))
  }
  const answer = await endpoint.handle({ request, settings, now: record.receivedAt, record })
  if (answer instanceof Response) return asItIs(context, answer)
  const isTooMuch = await isFailureExceeded(limiters, answer.code, address)
  return sealed(context, isTooMuch ? tooManyRequests('failures') : answer)
}

async function sealed(context: AppContext, answer: Answer): Promise<Response> {
  const record = recordOf(context)
  const { code, fields = {}, timestamp = unixSeconds(record.receivedAt), headers } = answer
  noteAnswer(record, answer)
  const signingKey = answer.signingKey ?? (await globalSigningKey(context))
  const envelope = await seal(serialiseResponse(code, fields, timestamp), signingKey)
  const all = { ...whenToRetry(code), ...headers, [SIGNING_KEY_ID]: signingKey.keyId }
  return envelopeResponse(context, envelope, code.status, all)
}

/** Turns what was thrown into an answer that tells the caller nothing but whether to try again. */
async function failed(context: AppContext, error: unknown): Promise<Response> {
  const record = recordOf(context)
  logFailure(record.requestId, error)
  const code = codeOfFailure(context.get('endpoint'), error)
  if (error instanceof SigningKeyError) {
    const isMonitor = context.get('endpoint')?.access === 'monitor'
    const fields = isMonitor ? { not_ready: ['signing key'] satisfies Part[] } : {}
    noteAnswer(record, { code })
    const text = serialiseResponse(code, fields, unixSeconds(record.receivedAt))
    return envelopeResponse(context, leaveUnsealed(text), code.status, whenToRetry(code))
  }
  return sealed(context, { code })
}

function whenToRetry({ status }: Code): Record<string, string> {
  return status === 503 ? { 'Retry-After': String(RETRY_AFTER_SECONDS) } : {}
}

function codeOfFailure(endpoint: Endpoint | undefined, error: unknown): Code {
  if (error instanceof DatabaseUnavailableError) return CODES.serviceUnavailable
  const isToldSo = endpoint !== undefined && TOLD_OF_OUR_FAULTS.includes(endpoint.access)
  return isToldSo ? CODES.serviceUnavailable : CODES.internalError
}

function globalSigningKey(context: AppContext): Promise<SigningKey> {
  return signingKeyFor(signingSecrets(context.env))
}

/** Every header at once: one that is added to a finished response makes its body a stream. */
function envelopeResponse(
  context: AppContext,
  body: string,
  status: number,
  headers?: Readonly<Record<string, string>>,
): Response {
  return new Response(body, {
    status,
    headers: {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      ...commonHeaders(context),
      ...headers,
    },
  })
}

/** What every answer carries. */
function commonHeaders(context: AppContext): Record<string, string> {
  const { requestId, endpoint } = recordOf(context)
  return { ...standingHeaders(endpoint !== null && FOR_BROWSERS.has(endpoint)), [REQUEST_ID]: requestId }
}

/** An answer that is no envelope. */
function asItIs(context: AppContext, response: Response): Response {
  for (const [name, value] of Object.entries(commonHeaders(context))) response.headers.set(name, value)
  return response
}

function preflight(context: AppContext, path: string, allowed: string): Response {
  recordOf(context).endpoint = path
  return asItIs(context, new Response(null, { status: 204, headers: preflightHeaders(allowed) }))
}

function methodNotAllowed(context: AppContext, path: string, allowed: string): Promise<Response> {
  recordOf(context).endpoint = path
  return sealed(context, { code: CODES.methodNotAllowed, headers: { Allow: allowed } })
}

/** As the header `Allow` lists them (RFC 9110 section 10.2.1). */
function methodsOf(endpoints: readonly Endpoint[], path: string): string {
  const methods = endpoints.filter((endpoint) => endpoint.path === path).map((endpoint) => endpoint.method)
  // A GET route answers HEAD too.
  const answered = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  return [...answered, ...(FOR_BROWSERS.has(path) ? ['OPTIONS'] : [])].join(', ')
}

/**
 * Shops join a base address that ends in a slash with a path that begins with one, or end a path with one, and an SDK
 * of the protocol leaves `/api` out.
 */
function canonicalPath(request: Request): string {
  return getPath(request)
    .replaceAll(/\/{2,}/g, '/')
    .replace(/(?<=.)\/$/, '')
    .replace(/^\/v1\//, '/api/v1/')
}
