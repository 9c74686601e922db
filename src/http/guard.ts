/**
 * Checks every request to an endpoint with parameters, in this order: body size, content type, syntax,
 * presence of a key (100), parameters (804, unless the endpoint has another code). The endpoint's own
 * database batch checks whether the key is valid and what it permits.
 */
import * as z from 'zod/mini'
import { networksContaining } from '../callers/networks.ts'
import { withoutAliases } from '../protocol/aliases.ts'
import { CODES } from '../protocol/codes.ts'
import { type Checked, checkFields, type FieldErrors, type Fields } from '../protocol/fields.ts'
import { BODY_BYTES_MAX, queryFields, readBody } from './body.ts'
import type { Answer, Call, Endpoint } from './endpoint.ts'
import { isCallerLimitExceeded, isLicenseKeyLimitExceeded, tooManyRequests } from './limits.ts'
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

  const received = await readFields(request, endpoint.bodyBytesMax)
  if (received.kind === 'answer') return received
  const { fields } = received
  const authorization = request.headers.get('Authorization')
  const { credential } = endpoint.caller
  if (credential && !credential.isGiven(authorization, fields.values)) {
    return { kind: 'answer', answer: { code: CODES.apiKeyUnknown } }
  }

  const checkedCredential = checkFields(credential?.fields ?? NO_FIELDS, fields)
  const checkedHeader = credential ? idempotencyKeyOf(request) : NO_HEADER
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
  const values = (await credential?.values(authorization, checkedCredential.parameters)) ?? {}
  if (await isCallerLimitExceeded(env, credential, values)) {
    return { kind: 'answer', answer: tooManyRequests('apiKey') }
  }
  if (await isLicenseKeyLimitExceeded(env, endpoint, checked.parameters)) {
    return { kind: 'answer', answer: tooManyRequests('licenseKey') }
  }
  const parameters = checked.parameters as never
  const caller = {
    ...values,
    callerNetworks: JSON.stringify(networksContaining(request.headers.get('CF-Connecting-IP'))),
    deviceIdentifier: endpoint.deviceIdentifier?.(parameters) ?? null,
  }
  const idempotencyKey = checkedHeader.parameters
  return { kind: 'call', call: { ...call, caller, parameters, idempotencyKey } }
}

type Received =
  | { readonly kind: 'fields'; readonly fields: Fields }
  | Extract<GuardResult, { kind: 'answer' }>

/** @returns the fields of the query or body, or the answer to an unreadable body */
async function readFields(request: Request, bodyBytesMax = BODY_BYTES_MAX): Promise<Received> {
  // GET or HEAD.
  if (request.method !== 'POST') return { kind: 'fields', fields: queryFields(request.url) }
  const body = await readBody(request, bodyBytesMax)
  switch (body.kind) {
    case 'fields':
      return body
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

function errorsOf(checked: Checked<unknown>): FieldErrors {
  return checked.kind === 'invalid' ? checked.errors : {}
}

const NO_FIELDS: z.ZodMiniObject = z.object({})

const NO_HEADER: Checked<undefined> = { kind: 'valid', parameters: undefined }

function idempotencyKeyOf(request: Request): Checked<string | undefined> {
  const value = request.headers.get('Idempotency-Key') ?? undefined
  if (value === undefined || /^[\x21-\x7e]{1,255}$/.test(value)) return { kind: 'valid', parameters: value }
  const sentence = 'The Idempotency-Key header must be 1 to 255 visible ASCII characters.'
  return { kind: 'invalid', errors: { 'Idempotency-Key': [sentence] } }
}
