/**
 * The application: finds the endpoint, asks it, seals its answer. Whatever happens, the caller gets a sealed
 * envelope; whatever went wrong on our side is in the log, under the request id the caller was given.
 */
import { type Context, Hono } from 'hono'
import { etag, RETAINED_304_HEADERS } from 'hono/etag'
import { getPath } from 'hono/utils/url'
import type { Answer, Endpoint } from './api/endpoint.ts'
import { ENDPOINTS } from './api/v1.ts'
import { DatabaseUnavailableError } from './db/errors.ts'
import { type Bindings, readSettings } from './env.ts'
import { CODES, type Code } from './envelope/codes.ts'
import { leaveUnsealed, seal, serialiseResponse } from './envelope/envelope.ts'
import { type SigningKey, SigningKeyError, signingKeyFor, signingSecrets } from './envelope/signing-keys.ts'
import { unixSeconds } from './licensing/dates.ts'
import { logFailure } from './log.ts'

interface AppEnvironment {
  Bindings: Bindings
  Variables: { receipt?: Receipt; faultCode?: Code }
}

/** What is noted of a request when it is first looked at. */
interface Receipt {
  readonly requestId: string
  /** Milliseconds UTC. */
  readonly now: number
}

type AppContext = Context<AppEnvironment>

const REQUEST_ID = 'X-Request-Id'
/** What an answer to a conditional request keeps of the whole one. */
const RETAINED_HEADERS = [...RETAINED_304_HEADERS, REQUEST_ID]

/** How long a caller should wait when the database could not be reached. */
const RETRY_AFTER_SECONDS = 2

export function createApp(endpoints: readonly Endpoint[] = ENDPOINTS): Hono<AppEnvironment> {
  const app = new Hono<AppEnvironment>({ getPath: canonicalPath })

  for (const endpoint of endpoints) {
    // What everybody may see may be cached; all else is said to one caller at one moment.
    if (endpoint.method === 'GET' && endpoint.access === 'public') {
      app.get(endpoint.path, etag({ retainedHeaders: RETAINED_HEADERS }))
    }
    app.on(endpoint.method, endpoint.path, (context) => respond(context, endpoint))
  }
  for (const path of new Set(endpoints.map((endpoint) => endpoint.path))) {
    app.all(path, (context) => sealed(context, methodNotAllowed(endpoints, path)))
  }
  app.notFound((context) => sealed(context, { code: CODES.notFound }))
  app.onError((error, context) => failed(context, error))
  return app
}

/** The id and the time of the request: the same however often they are asked for. */
function receiptOf(context: AppContext): Receipt {
  const receipt = context.get('receipt') ?? { requestId: crypto.randomUUID(), now: Date.now() }
  context.set('receipt', receipt)
  return receipt
}

async function respond(context: AppContext, endpoint: Endpoint): Promise<Response> {
  const { requestId, now } = receiptOf(context)
  // A payment provider is always told to send again: it is not its fault, and the event must not be lost.
  context.set('faultCode', endpoint.access === 'provider' ? CODES.serviceUnavailable : CODES.internalError)
  // No usable key, no service: found out before anything is read or written.
  await globalSigningKey(context)
  const answer = await endpoint.handle({ request: context.req.raw, settings: readSettings(context.env), now })
  if (!(answer instanceof Response)) return sealed(context, answer)
  answer.headers.set(REQUEST_ID, requestId)
  return answer
}

async function sealed(context: AppContext, answer: Answer): Promise<Response> {
  const { code, fields = {}, timestamp = unixSeconds(receiptOf(context).now), headers } = answer
  const signingKey = answer.signingKey ?? (await globalSigningKey(context))
  const envelope = await seal(serialiseResponse(code, fields, timestamp), signingKey)
  return envelopeResponse(context, envelope, code.status, headers)
}

/** Turns what was thrown into an answer that tells the caller nothing but whether to try again. */
async function failed(context: AppContext, error: unknown): Promise<Response> {
  const { requestId, now } = receiptOf(context)
  logFailure(requestId, error)
  const code =
    error instanceof DatabaseUnavailableError
      ? CODES.serviceUnavailable
      : (context.get('faultCode') ?? CODES.internalError)
  const headers = code.status === 503 ? { 'Retry-After': String(RETRY_AFTER_SECONDS) } : undefined
  if (error instanceof SigningKeyError) {
    const text = serialiseResponse(code, {}, unixSeconds(now))
    return envelopeResponse(context, leaveUnsealed(text), code.status, headers)
  }
  return sealed(context, { code, ...(headers && { headers }) })
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
      [REQUEST_ID]: receiptOf(context).requestId,
      ...headers,
    },
  })
}

function methodNotAllowed(endpoints: readonly Endpoint[], path: string): Answer {
  const methods = endpoints.filter((endpoint) => endpoint.path === path).map((endpoint) => endpoint.method)
  // A GET route answers HEAD too.
  const allowed = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  return { code: CODES.methodNotAllowed, headers: { Allow: allowed.join(', ') } }
}

/**
 * Shops join a base address that ends in a slash with a path that begins with one, and an SDK of the protocol leaves
 * `/api` out.
 */
function canonicalPath(request: Request): string {
  return getPath(request)
    .replaceAll(/\/{2,}/g, '/')
    .replace(/^\/v1\//, '/api/v1/')
}
