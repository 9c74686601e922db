/** Reads and checks the path, query, headers and JSON body of a request to the admin API. */
import * as z from 'zod/mini'
import type { CallerValues } from '../callers/caller.ts'
import { operatorAuthority } from '../callers/operators.ts'
import { defineQuery, runQuery } from '../callers/query.ts'
import { BODY_BYTES_MAX, readBytes } from '../http/body.ts'
import { UnreadableBody } from '../http/body-text.ts'
import { queryFields } from '../http/form.ts'
import { openJson } from '../http/json-body.ts'
import { idempotencyKeyOf } from '../http/request-headers.ts'
import { checkFields, errorsOf, type FieldErrors, type Fields } from '../protocol/fields.ts'
import type { AdminCall, AdminEndpoint } from './endpoint.ts'
import type { Problem } from './problems.ts'

type Given = Pick<AdminCall, 'env' | 'db' | 'caller' | 'now' | 'requestId'>

export type Checked =
  | { readonly kind: 'call'; readonly call: AdminCall }
  | { readonly kind: 'problem'; readonly problem: Problem }

export async function checkRequest(
  endpoint: AdminEndpoint,
  request: Request,
  pathValues: Readonly<Record<string, string>>,
  given: Given,
): Promise<Checked> {
  const path = checkPath(pathValues)
  if (!path) return problem({ code: 'not-found' })
  const received = await readJson(endpoint, request, given)
  if (received.kind === 'problem') return received

  const [query, queryErrors] = checkStrictly(endpoint.query(given.env), queryFields(request.url))
  const [body, bodyErrors] = checkStrictly(endpoint.body?.(given.env) ?? NO_FIELDS, received.fields)
  const header = idempotencyKeyOf(request.headers)
  const [ifMatch, matchErrors] = ifMatchOf(request.headers)
  const errors = { ...queryErrors, ...bodyErrors, ...errorsOf(header), ...matchErrors }
  if (header.kind === 'invalid' || Object.keys(errors).length > 0) {
    return problem({ code: 'invalid-request', errors })
  }
  const parameters = { path, query, body }
  const headers = { idempotencyKey: header.parameters, ifMatch }
  return { kind: 'call', call: { ...given, ...parameters, parameters, ...headers } as AdminCall }
}

function problem(details: Problem): Extract<Checked, { kind: 'problem' }> {
  return { kind: 'problem', problem: details }
}

/** @returns undefined if an id is not a whole number from 1 */
function checkPath(
  values: Readonly<Record<string, string>>,
): Readonly<Record<string, number | string>> | undefined {
  const checked: Record<string, number | string> = {}
  for (const [name, text] of Object.entries(values)) {
    const isId = name === 'id' || name.endsWith('_id')
    if (isId ? !/^[1-9]\d{0,14}$/.test(text) : text.length > 255) return undefined
    checked[name] = isId ? Number(text) : text
  }
  return checked
}

const NO_FIELDS: z.ZodMiniObject = z.object({})

/** Refuses unknown fields too, since a misspelled one would be ignored. */
function checkStrictly(
  schema: z.ZodMiniObject,
  fields: Fields,
): readonly [values: Readonly<Record<string, unknown>>, errors: FieldErrors] {
  const checked = checkFields(schema, fields)
  const unknown = Object.keys(fields.values).filter((name) => !Object.hasOwn(schema.shape, name))
  const errors: FieldErrors = {
    ...errorsOf(checked),
    ...Object.fromEntries(unknown.map((name) => [name, [`The ${name} field is unknown.`]])),
  }
  return [checked.kind === 'valid' ? checked.parameters : {}, errors]
}

type Received = { readonly kind: 'fields'; readonly fields: Fields } | Extract<Checked, { kind: 'problem' }>

const NOTHING: Fields = { values: {}, refused: new Map() }

async function readJson(endpoint: AdminEndpoint, request: Request, given: Given): Promise<Received> {
  if (request.method === 'GET' || request.method === 'HEAD') return { kind: 'fields', fields: NOTHING }
  const { bodyBytesMax = BODY_BYTES_MAX } = endpoint
  const bytes = await readBytes(request, bodyBytesMax)
  if (bytes === undefined) {
    return problem({ code: 'too-large', detail: `Send at most ${bodyBytesMax} bytes in one request.` })
  }
  if (bytes.byteLength === 0) return { kind: 'fields', fields: NOTHING }
  const type = request.headers.get('Content-Type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') return problem({ code: 'unsupported-media-type' })
  // Reading a long body takes long, so the caller is checked first: the only second round trip of a request.
  const refusal = bytes.byteLength > BODY_BYTES_MAX ? await refusalOf(given) : undefined
  if (refusal) return problem(refusal)
  try {
    return { kind: 'fields', fields: openJson(bytes, endpoint.bodyValuesMax).fields() }
  } catch (error) {
    if (!(error instanceof UnreadableBody)) throw error
    return problem({ code: 'invalid-request', errors: { body: [error.message] } })
  }
}

const MAY_CALL = defineQuery<null>(operatorAuthority({ role: 'viewer', root: true }), `'null'`)

/** @returns why the caller is no operator, or undefined */
export async function refusalOf(call: {
  readonly db: D1Database
  readonly caller: CallerValues
  readonly now: number
}): Promise<Problem | undefined> {
  const result = await runQuery(call, MAY_CALL)
  return result.kind === 'refused' ? { code: 'token-invalid' } : undefined
}

/** RFC 9110 section 13.1.1. `*` matches every version. */
function ifMatchOf(headers: Headers): readonly [version: number | null, errors: FieldErrors] {
  const value = headers.get('If-Match')?.trim()
  if (value === undefined || value === '*') return [null, {}]
  const version = /^"(\d{1,15})"$/.exec(value)?.[1]
  if (version !== undefined) return [Number(version), {}]
  return [null, { 'If-Match': ['The If-Match header must be the ETag of an earlier answer.'] }]
}
