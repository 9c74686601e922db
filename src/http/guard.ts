/**
 * The one way in. Every endpoint with parameters is asked the same questions in the same order: size, type, parse, a
 * key given at all (100), parameters (804, unless the endpoint has another code). Whether the key is valid, and what
 * it permits, is decided in the endpoint's own database batch.
 */
import * as z from 'zod/mini'
import { networksContaining } from '../callers/networks.ts'
import { CODES } from '../protocol/codes.ts'
import { type Checked, checkFields, type FieldErrors, type Fields } from '../protocol/fields.ts'
import { BODY_BYTES_MAX, queryFields, readBody } from './body.ts'
import type { Answer, Call, Endpoint } from './endpoint.ts'
import { isCallerExceeded, tooManyRequests } from './limits.ts'
import { noteParameters, type RequestRecord } from './request-record.ts'

export type Guarded =
  | { readonly kind: 'call'; readonly call: Call<never> }
  /** Why there is no call. */
  | { readonly kind: 'answer'; readonly answer: Answer }

/** A request that has found its endpoint. */
export type Incoming = Pick<Call<unknown>, 'request' | 'env' | 'db'> & { readonly record: RequestRecord }

export async function guard(endpoint: Endpoint, incoming: Incoming): Promise<Guarded> {
  const { record, ...given } = incoming
  const { request, env } = incoming
  const call = { ...given, now: record.receivedAt, requestId: record.requestId }
  if (!endpoint.parameters) {
    return { kind: 'call', call: { ...call, caller: {}, parameters: {} as never, idempotencyKey: undefined } }
  }

  const received = await receive(request, endpoint.bodyBytesMax)
  if (received.kind === 'answer') return received
  const { fields } = received
  const authorization = request.headers.get('Authorization')
  const { credential } = endpoint.caller
  if (credential && !credential.isGiven(authorization, fields.values)) {
    return { kind: 'answer', answer: { code: CODES.apiKeyUnknown } }
  }

  const checkedCredential = checkFields(credential?.fields ?? NO_FIELDS, fields)
  const checkedHeader = credential ? idempotencyKeyOf(request) : NO_HEADER
  const checked = checkFields(endpoint.parameters(env), fields)
  if (
    checkedCredential.kind === 'invalid' ||
    checkedHeader.kind === 'invalid' ||
    checked.kind === 'invalid'
  ) {
    const errors = { ...errorsOf(checkedCredential), ...errorsOf(checkedHeader), ...errorsOf(checked) }
    return { kind: 'answer', answer: endpoint.incorrect(errors) }
  }

  noteParameters(record, checked.parameters)
  const values = (await credential?.values(authorization, checkedCredential.parameters)) ?? {}
  if (await isCallerExceeded(env, credential, values)) {
    return { kind: 'answer', answer: tooManyRequests('apiKey') }
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

type Received = { readonly kind: 'fields'; readonly fields: Fields } | Extract<Guarded, { kind: 'answer' }>

/** @returns the fields, wherever the method carries them, or the answer to a body that cannot be read */
async function receive(request: Request, bodyBytesMax = BODY_BYTES_MAX): Promise<Received> {
  // A HEAD is a GET whose answer is not wanted.
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

/** @returns the header, or what is wrong with it */
function idempotencyKeyOf(request: Request): Checked<string | undefined> {
  const value = request.headers.get('Idempotency-Key') ?? undefined
  if (value === undefined || /^[\x21-\x7e]{1,255}$/.test(value)) return { kind: 'valid', parameters: value }
  const sentence = 'The Idempotency-Key header must be 1 to 255 visible ASCII characters.'
  return { kind: 'invalid', errors: { 'Idempotency-Key': [sentence] } }
}
