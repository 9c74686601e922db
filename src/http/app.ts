/**
 * The application: finds the endpoint, guards it, calls it, seals its answer. Whatever happens, the caller gets a
 * sealed envelope. What was asked and answered is in the log, and so is each failure, under the request id that the
 * caller got.
 */
import { type Context, Hono, type Next } from 'hono'
import { etag, RETAINED_304_HEADERS } from 'hono/etag'
import { getPath } from 'hono/utils/url'
import { DatabaseUnavailableError } from '../db/errors.ts'
import { metered } from '../db/metering.ts'
import { logFailure } from '../platform/log.ts'
import type { Bindings } from '../platform/settings.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import { unixSeconds } from '../protocol/dates.ts'
import { seal, serializeResponse, unsignedEnvelope } from '../protocol/envelope.ts'
import { SigningKeyError, signingKeyFor, signingSecrets } from '../signing/signing-keys.ts'
import type { Answer, Endpoint } from './endpoint.ts'
import { guard } from './guard.ts'
import { BASE_HEADER_NAMES, baseHeaders, preflightHeaders, REQUEST_ID, SIGNING_KEY_ID } from './headers.ts'
import { isAddressLimitExceeded, isFailureLimitExceeded, tooManyRequests } from './limits.ts'
import { newRecord, noteAnswer, type RequestRecord, report } from './request-record.ts'

interface AppEnvironment {
  Bindings: Bindings
  Variables: {
    record: RequestRecord
    /** undefined until the route of an endpoint is found. */
    endpoint: Endpoint | undefined
    /** Whether programs in browsers may read the answer. */
    browsers: boolean
  }
}

type AppContext = Context<AppEnvironment>

/** What an answer to a conditional request keeps of the whole one. */
const RETAINED_HEADERS = [...RETAINED_304_HEADERS, REQUEST_ID, ...BASE_HEADER_NAMES]

/** How long a caller should wait while the service cannot do its work. */
const RETRY_AFTER_SECONDS = 2

/**
 * @param endpoints everything that is answered
 * @param checkSettings throws a `SettingError` where one is missing or wrong: then no request is served
 */
export function createApp(
  endpoints: readonly Endpoint[],
  checkSettings: (env: Bindings) => void,
): Hono<AppEnvironment> {
  const app = new Hono<AppEnvironment>({ getPath: canonicalPath })

  app.use(recorded)
  for (const endpoint of endpoints) {
    const { method, path, caller } = endpoint
    // What everybody may see may be cached. Everything else is for one caller at one moment.
    if (method === 'GET' && caller.access === 'public') {
      app.get(path, etag({ retainedHeaders: RETAINED_HEADERS }))
    }
    app.on(method, path, (context) => respond(context, endpoint, checkSettings))
  }
  for (const path of new Set(endpoints.map((endpoint) => endpoint.path))) {
    const ofPath = endpoints.filter((endpoint) => endpoint.path === path)
    const browsers = ofPath.some((endpoint) => endpoint.cors)
    const allowed = methodsOf(ofPath, browsers)
    if (browsers) app.options(path, (context) => preflight(context, path, allowed))
    app.all(path, (context) => methodNotAllowed(context, path, allowed, browsers))
  }
  app.notFound((context) => sealed(context, { code: CODES.notFound }))
  app.onError((error, context) => failed(context, error))
  return app
}

/** Reports every request once it is answered. */
async function recorded(context: AppContext, next: Next): Promise<void> {
  const record = newRecord(context.req.raw.method, Date.now())
  context.set('record', record)
  context.set('browsers', false)
  await next()
  // The clock advances only while the Worker waits, so this is the time that others took, above all the database.
  const durationMs = Date.now() - record.receivedAt
  report(record, context.res.status, durationMs, context.env.METRICS as AnalyticsEngineDataset | undefined)
}

async function respond(
  context: AppContext,
  endpoint: Endpoint,
  checkSettings: (env: Bindings) => void,
): Promise<Response> {
  const { env } = context
  const { record } = context.var
  record.endpoint = endpoint.path
  context.set('endpoint', endpoint)
  context.set('browsers', endpoint.cors)
  // Without a usable key there is no service. Found out before anything is read or written.
  await signingKeyFor(signingSecrets(env))
  checkSettings(env)
  const request = context.req.raw
  const address = request.headers.get('CF-Connecting-IP')
  if (await isAddressLimitExceeded(env, endpoint.caller, address)) {
    return sealed(context, tooManyRequests('address'))
  }
  const guarded = await guard(endpoint, { request, env, db: metered(env.DB, record), record })
  const answer = guarded.kind === 'call' ? await endpoint.respond(guarded.call) : guarded.answer
  if (answer instanceof Response) return withCommonHeaders(context, answer)
  const isExceeded = await isFailureLimitExceeded(env, answer.code, address)
  return sealed(context, isExceeded ? { ...tooManyRequests('failures'), log: answer.log ?? {} } : answer)
}

async function sealed(context: AppContext, answer: Answer): Promise<Response> {
  const { record } = context.var
  const { code, fields = {}, timestamp = unixSeconds(record.receivedAt), signedBy, headers } = answer
  noteAnswer(record, answer)
  const signingKey = await signingKeyFor(signingSecrets(context.env), signedBy ?? undefined)
  const envelope = await seal(serializeResponse(code, fields, timestamp), signingKey)
  const all = { ...whenToRetry(code), ...headers, [SIGNING_KEY_ID]: signingKey.keyId }
  return envelopeResponse(context, envelope, code.status, all)
}

/** Turns an exception into an answer that tells the caller nothing but whether to try again. */
async function failed(context: AppContext, error: unknown): Promise<Response> {
  const { record, endpoint } = context.var
  logFailure(record.requestId, error)
  const isUnavailable = error instanceof DatabaseUnavailableError || endpoint?.caller.retriesOn503
  const code = isUnavailable ? CODES.serviceUnavailable : CODES.internalError
  if (!(error instanceof SigningKeyError)) return sealed(context, { code })
  noteAnswer(record, { code })
  const fields = endpoint?.fieldsWithoutSigningKey ?? {}
  const text = serializeResponse(code, fields, unixSeconds(record.receivedAt))
  return envelopeResponse(context, unsignedEnvelope(text), code.status, whenToRetry(code))
}

function whenToRetry({ status }: Code): Record<string, string> {
  return status === 503 ? { 'Retry-After': String(RETRY_AFTER_SECONDS) } : {}
}

/** Sets every header at once: adding one to a finished response turns its body into a stream. */
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
function commonHeaders({ var: { record, browsers } }: AppContext): Record<string, string> {
  return { ...baseHeaders(browsers), [REQUEST_ID]: record.requestId }
}

/** For an answer that is no envelope. */
function withCommonHeaders(context: AppContext, response: Response): Response {
  for (const [name, value] of Object.entries(commonHeaders(context))) response.headers.set(name, value)
  return response
}

function preflight(context: AppContext, path: string, allowed: string): Response {
  context.var.record.endpoint = path
  context.set('browsers', true)
  return withCommonHeaders(context, new Response(null, { status: 204, headers: preflightHeaders(allowed) }))
}

function methodNotAllowed(
  context: AppContext,
  path: string,
  allowed: string,
  browsers: boolean,
): Promise<Response> {
  context.var.record.endpoint = path
  context.set('browsers', browsers)
  return sealed(context, { code: CODES.methodNotAllowed, headers: { Allow: allowed } })
}

/** As the header `Allow` lists them (RFC 9110 section 10.2.1). */
function methodsOf(endpoints: readonly Endpoint[], browsers: boolean): string {
  // A GET route answers HEAD too.
  const methods = endpoints.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  return [...methods, ...(browsers ? ['OPTIONS'] : [])].join(', ')
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
