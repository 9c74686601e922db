/**
 * The application: routes a request to its endpoint, and puts the answer into a signed envelope. Refusals and errors get
 * an envelope too. The log has a line for each request and each failure, with the request id of the response.
 */
import { type Context, Hono, type Next } from 'hono'
import { etag, RETAINED_304_HEADERS } from 'hono/etag'
import { ANYONE } from '../callers/caller.ts'
import { addressOf } from '../callers/networks.ts'
import { DatabaseUnavailableError } from '../db/errors.ts'
import { metered } from '../db/metering.ts'
import { logFailure } from '../platform/log.ts'
import type { Bindings } from '../platform/settings.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import { unixSeconds } from '../protocol/dates.ts'
import { seal, sealCode, serializeResponse, unsignedEnvelope } from '../protocol/envelope.ts'
import { proofOf, type Question, questionOf } from '../protocol/proof.ts'
import { SigningKeyError, signingKeyFor, signingSecrets } from '../signing/signing-keys.ts'
import { recordAfterAnswer } from './after-answer.ts'
import { canonicalPath } from './canonical-path.ts'
import type { Answer, Endpoint, Page } from './endpoint.ts'
import { guard } from './guard.ts'
import {
  allowed,
  BASE_HEADER_NAMES,
  baseHeaders,
  preflightHeaders,
  REQUEST_ID,
  RETRY_AFTER_SECONDS,
  SIGNING_KEY_ID,
} from './headers.ts'
import { HOME_PAGE, HOME_PAGE_HEADERS, prefersHtml } from './home-page.ts'
import { isAddressLimitExceeded, isFailureLimitExceeded, isGuessing, tooManyRequests } from './limits.ts'
import { logRecord, newRecord, type RequestRecord, recordAnswer } from './request-record.ts'

export interface AppEnvironment {
  Bindings: Bindings
  Variables: {
    record: RequestRecord
    /** undefined if no endpoint matches. */
    endpoint: Endpoint | undefined
    /** Whether scripts on any web page may read the response. */
    cors: boolean
    /** Set once the parameters are known to be valid, if they ask for a proof. */
    question: Question | undefined
  }
}

export type AppContext = Context<AppEnvironment>

/** The headers that a 304 response keeps. */
const RETAINED_HEADERS = [...RETAINED_304_HEADERS, REQUEST_ID, ...BASE_HEADER_NAMES]

/**
 * @param checkSettings throws a `SettingError` if a setting is missing or wrong. Then every endpoint answers 2500
 * @param mounted applications with answers of their own, by path
 */
export function createApp(
  endpoints: readonly Endpoint[],
  checkSettings: (env: Bindings) => void,
  mounted: Readonly<Record<string, Hono<AppEnvironment>>> = {},
): Hono<AppEnvironment> {
  const app = new Hono<AppEnvironment>({ getPath: canonicalPath })

  app.use(logged)
  for (const [path, other] of Object.entries(mounted)) app.route(path, other)
  app.get('/', (context) =>
    prefersHtml(context.req.header('Accept') ?? '') ? homePage(context) : notFound(context),
  )
  for (const endpoint of endpoints) {
    const { method, path, caller } = endpoint
    // Only public answers may be cached.
    if (method === 'GET' && caller.access === 'public') {
      app.get(path, etag({ retainedHeaders: RETAINED_HEADERS }))
    }
    app.on(method, path, (context) => respond(context, endpoint, checkSettings))
  }
  for (const path of new Set(endpoints.map((endpoint) => endpoint.path))) {
    const samePath = endpoints.filter((endpoint) => endpoint.path === path)
    const cors = samePath.some((endpoint) => endpoint.cors)
    const methods = allowed([...samePath.map(({ method }) => method), ...(cors ? ['OPTIONS'] : [])])
    if (cors) app.options(path, (context) => preflight(context, path, methods))
    app.all(path, (context) => methodNotAllowed(context, path, methods, cors))
  }
  app.notFound(notFound)
  app.onError((error, context) => errorResponse(context, error))
  return app
}

/** Logs each request after its response is made. */
async function logged(context: AppContext, next: Next): Promise<void> {
  const record = newRecord(context.req.raw.method, Date.now())
  context.set('record', record)
  context.set('cors', false)
  await next()
  // The platform's clock advances only during I/O, so this is mostly the time of the database.
  const durationMs = Date.now() - record.receivedAt
  logRecord(record, context.res.status, durationMs, context.env.METRICS as AnalyticsEngineDataset | undefined)
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
  context.set('cors', endpoint.cors)
  // Throws before anything is read or written: an operation whose answer cannot be signed must not happen.
  await signingKeyFor(signingSecrets(env))
  checkSettings(env)
  const request = context.req.raw
  const address = addressOf(request)
  if (await isAddressLimitExceeded(env, endpoint.caller, address)) {
    return answered(context, tooManyRequests('address'))
  }
  const isUse = endpoint.caller.access === 'use'
  if (isUse && !endpoint.isReadOnly && isGuessing(env, address)) {
    return answered(context, tooManyRequests('failures'))
  }
  const guarded = await guard(endpoint, { request, env, db: metered(env.DB, record), record })
  if (guarded.kind === 'call') context.set('question', questionOf(guarded.call.parameters))
  const answer = guarded.kind === 'call' ? await endpoint.respond(guarded.call) : guarded.answer
  if (answer instanceof Response) return withBaseHeaders(context, answer)
  recordUse(context, endpoint, answer)
  const isExceeded =
    (await isFailureLimitExceeded(env, endpoint.caller, answer.code, address)) ||
    (isUse && answer.code !== endpoint.codes[0] && isGuessing(env, address))
  return answered(context, isExceeded ? { ...tooManyRequests('failures'), log: answer.log ?? {} } : answer)
}

function recordUse(context: AppContext, { caller: { credential } }: Endpoint, { callerId }: Answer): void {
  if (typeof callerId === 'number' && credential?.recordUse) {
    recordAfterAnswer(context, credential.recordUse, callerId)
  }
}

/** Answers a request that no endpoint serves. The limits of its address hold for it too. */
async function unserved(context: AppContext, answer: Answer): Promise<Response> {
  const { env } = context
  const address = addressOf(context.req.raw)
  if (await isAddressLimitExceeded(env, ANYONE, address)) return answered(context, tooManyRequests('address'))
  const isExceeded = await isFailureLimitExceeded(env, ANYONE, answer.code, address)
  return answered(context, isExceeded ? tooManyRequests('failures') : answer)
}

async function answered(context: AppContext, answer: Answer): Promise<Response> {
  const { record, endpoint } = context.var
  recordAnswer(record, answer)
  if (!endpoint?.page || answer.code === CODES.notFound) return sealed(context, answer)
  return pageResponse(context, answer, endpoint.page(answer, context.env))
}

async function sealed(context: AppContext, answer: Answer): Promise<Response> {
  const { record, question } = context.var
  const { code, fields, timestamp = unixSeconds(record.receivedAt), signedBy, headers } = answer
  const signingKey = await signingKeyFor(signingSecrets(context.env), signedBy ?? undefined)
  const proof = question && (await proofOf(question, answer.proof))
  const envelope =
    fields || proof
      ? await seal(serializeResponse(code, fields ?? {}, timestamp, proof), signingKey)
      : await sealCode(code, timestamp, signingKey)
  const all = { ...retryHeaders(code), ...headers, [SIGNING_KEY_ID]: signingKey.keyId }
  return envelopeResponse(context, envelope, code.status, all)
}

/** Logs the error. The response only shows whether to retry. */
async function errorResponse(context: AppContext, error: unknown): Promise<Response> {
  const { record, endpoint } = context.var
  logFailure(record.requestId, error)
  const isUnavailable = error instanceof DatabaseUnavailableError || endpoint?.caller.retriesOn503
  const code = isUnavailable ? CODES.serviceUnavailable : CODES.internalError
  if (!(error instanceof SigningKeyError) || endpoint?.page) return answered(context, { code })
  recordAnswer(record, { code })
  const fields = endpoint?.fieldsWithoutSigningKey ?? {}
  const text = serializeResponse(code, fields, unixSeconds(record.receivedAt))
  return envelopeResponse(context, unsignedEnvelope(text), code.status, retryHeaders(code))
}

function pageResponse(context: AppContext, { code, headers }: Answer, page: Page): Response {
  return new Response(page.body, {
    status: code.status,
    headers: { ...headersOf(context), ...retryHeaders(code), ...headers, ...page.headers },
  })
}

function retryHeaders({ status }: Code): Record<string, string> {
  return status === 503 ? { 'Retry-After': String(RETRY_AFTER_SECONDS) } : {}
}

/** Sets all headers in the constructor: a later change would turn the body into a stream. */
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
      ...headersOf(context),
      ...headers,
    },
  })
}

function headersOf({ var: { record, cors } }: AppContext): Record<string, string> {
  return { ...baseHeaders(cors), [REQUEST_ID]: record.requestId }
}

/** For a response without an envelope. Its own headers stay. */
function withBaseHeaders(context: AppContext, response: Response): Response {
  for (const [name, value] of Object.entries(headersOf(context))) {
    if (!response.headers.has(name)) response.headers.set(name, value)
  }
  return response
}

function homePage(context: AppContext): Response {
  context.var.record.endpoint = '/'
  return new Response(HOME_PAGE, { headers: { ...headersOf(context), ...HOME_PAGE_HEADERS } })
}

function notFound(context: AppContext): Promise<Response> {
  return unserved(context, { code: CODES.notFound })
}

function preflight(context: AppContext, path: string, methods: string): Response {
  context.var.record.endpoint = path
  context.set('cors', true)
  return withBaseHeaders(context, new Response(null, { status: 204, headers: preflightHeaders(methods) }))
}

function methodNotAllowed(
  context: AppContext,
  path: string,
  methods: string,
  cors: boolean,
): Promise<Response> {
  context.var.record.endpoint = path
  context.set('cors', cors)
  return unserved(context, { code: CODES.methodNotAllowed, headers: { Allow: methods } })
}
