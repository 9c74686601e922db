/**
 * Checks every request to an endpoint with parameters, in this order: body size, content type, syntax,
 * presence of a key (100), parameters (804, unless the endpoint has another code). The endpoint's own
 * database batch checks whether the key is valid and what it permits. A long body is parsed only after the database
 * has answered that the caller may call.
 */
import * as z from 'zod/mini'
import type { Caller } from '../callers/caller.ts'
import { addressOf, networksContaining } from '../callers/networks.ts'
import { withoutAliases } from '../protocol/aliases.ts'
import { CODES } from '../protocol/codes.ts'
import { type Checked, checkFields, errorsOf, type Fields } from '../protocol/fields.ts'
import { BODY_BYTES_MAX, readBody } from './body.ts'
import { type Answer, type Call, type Endpoint, refusedAnswer } from './endpoint.ts'
import { queryFields } from './form.ts'
import {
  isCallerLimitExceeded,
  isEndpointLimitExceeded,
  isLicenseKeyLimitExceeded,
  tooManyRequests,
} from './limits.ts'
import { idempotencyKeyOf } from './request-headers.ts'
import { type RequestRecord, recordParameters } from './request-record.ts'

export type GuardResult =
  | { readonly kind: 'call'; readonly call: Call<never> }
  | { readonly kind: 'answer'; readonly answer: Answer }

export type IncomingRequest = Pick<Call<unknown>, 'request' | 'env' | 'db'> & {
  readonly record: RequestRecord
}

export async function guard(endpoint: Endpoint, incoming: IncomingRequest): Promise<GuardResult> {
  const { record, ...given } = incoming
  const { request, env } = incoming
  const call = { ...given, now: record.receivedAt, requestId: record.requestId }
  if (!endpoint.parameters) {
    return { kind: 'call', call: { ...call, caller: {}, parameters: {} as never, idempotencyKey: undefined } }
  }

  const received = await readFields(endpoint, incoming)
  if (received.kind === 'answer') return received
  const { fields, isAsked } = received
  const { credential } = endpoint.caller
  if (credential && !credential.isGiven(request.headers, fields.values)) {
    return { kind: 'answer', answer: { code: CODES.apiKeyUnknown } }
  }

  const checkedCredential = checkFields(credential?.fields ?? NO_FIELDS, fields)
  const checkedHeader = credential ? idempotencyKeyOf(request.headers) : NO_HEADER
  const rules = endpoint.parameters(env)
  const checked = checkFields(rules, withoutAliases(fields, Object.keys(rules.shape)))
  if (
    checkedCredential.kind === 'invalid' ||
    checkedHeader.kind === 'invalid' ||
    checked.kind === 'invalid'
  ) {
    const errors = { ...errorsOf(checkedCredential), ...errorsOf(checkedHeader), ...errorsOf(checked) }
    return { kind: 'answer', answer: endpoint.rejectParameters(errors) }
  }

  recordParameters(record, checked.parameters)
  const values = (await credential?.values(request.headers, checkedCredential.parameters)) ?? {}
  const limited = await limitOf(endpoint, incoming, isAsked ? undefined : values, checked.parameters)
  if (limited) return { kind: 'answer', answer: limited }
  const parameters = checked.parameters as never
  const caller = {
    ...values,
    callerNetworks: networksOf(request),
    deviceIdentifier: endpoint.deviceIdentifier?.(parameters) ?? null,
  }
  const idempotencyKey = checkedHeader.parameters
  return { kind: 'call', call: { ...call, caller, parameters, idempotencyKey } }
}

/** @param values of the caller, unless its limit was counted before */
async function limitOf(
  endpoint: Endpoint,
  { request, env }: Pick<IncomingRequest, 'request' | 'env'>,
  values: Readonly<Record<string, string | null>> | undefined,
  parameters: Readonly<Record<string, unknown>>,
): Promise<Answer | undefined> {
  if (values && (await isCallerLimitExceeded(env, endpoint.caller.credential, values))) {
    return tooManyRequests('apiKey')
  }
  if (endpoint.addressLimit && (await isEndpointLimitExceeded(env, endpoint, addressOf(request)))) {
    return tooManyRequests(endpoint.addressLimit)
  }
  return (await isLicenseKeyLimitExceeded(env, endpoint, parameters))
    ? tooManyRequests('licenseKey')
    : undefined
}

/** The networks that contain the caller's address, as a JSON array. */
function networksOf(request: Request): string {
  return JSON.stringify(networksContaining(addressOf(request)))
}

type Received =
  /** `isAsked`: the body is long, so the caller is already counted and checked. */
  | { readonly kind: 'fields'; readonly fields: Fields; readonly isAsked: boolean }
  | Extract<GuardResult, { kind: 'answer' }>

/** @returns the fields of the query and the body, or the answer to an unreadable body or a caller that may not send it */
async function readFields(endpoint: Endpoint, incoming: IncomingRequest): Promise<Received> {
  const { request } = incoming
  const inQuery = request.url.includes('?') ? queryFields(request.url) : NOTHING
  // GET or HEAD.
  if (request.method !== 'POST') return { kind: 'fields', fields: inQuery, isAsked: false }
  let isAsked = false
  const body = await readBody(request, endpoint.bodyBytesMax ?? BODY_BYTES_MAX, (peek) => {
    isAsked = true
    const names = Object.keys(endpoint.caller.credential?.fields.shape ?? {})
    return refusalOf(endpoint.caller, incoming, { ...inQuery.values, ...peek(names) })
  })
  switch (body.kind) {
    case 'fields':
      return { kind: 'fields', fields: merged(inQuery, body.fields), isAsked }
    case 'refused':
      return { kind: 'answer', answer: body.refusal }
    case 'too-large':
      return { kind: 'answer', answer: { code: CODES.bodyTooLarge } }
    case 'unsupported-type':
      return { kind: 'answer', answer: { code: CODES.unsupportedMediaType } }
    case 'unreadable': {
      const errors = { body: [body.reason] }
      return { kind: 'answer', answer: { code: CODES.incorrectData, fields: { errors } } }
    }
  }
}

/** Some clients of the protocol send the fields of a POST in its query. A field in the body replaces it. */
function merged(inQuery: Fields, inBody: Fields): Fields {
  if (inQuery === NOTHING) return inBody
  const refusedInQuery = [...inQuery.refused].filter(([name]) => !Object.hasOwn(inBody.values, name))
  return {
    values: { ...inQuery.values, ...inBody.values },
    refused: new Map([...refusedInQuery, ...inBody.refused]),
  }
}

/**
 * Asks the database whether the caller may call at all, since reading a long body takes long. It is the only second
 * round trip of a request.
 *
 * @param values of the fields that may contain the caller's key, not checked
 * @returns the answer to a caller that may not
 */
async function refusalOf(
  { credential, access }: Caller,
  { request, env, db, record }: IncomingRequest,
  values: Fields['values'],
): Promise<Answer | undefined> {
  if (!credential?.ask) throw new Error('Callers of this kind cannot send a long body.')
  if (!credential.isGiven(request.headers, values)) return { code: CODES.apiKeyUnknown }
  const keys = await credential.values(request.headers, values)
  if (await isCallerLimitExceeded(env, credential, keys)) return tooManyRequests('apiKey')
  const caller = { ...keys, callerNetworks: networksOf(request), deviceIdentifier: null }
  const result = await credential.ask({ db, caller, now: record.receivedAt })
  return result.kind === 'refused' ? refusedAnswer({ credential, access }, result) : undefined
}

const NOTHING: Fields = { values: {}, refused: new Map() }

const NO_FIELDS: z.ZodMiniObject = z.object({})

const NO_HEADER: Checked<undefined> = { kind: 'valid', parameters: undefined }
