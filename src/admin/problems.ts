/** The errors of the admin API, as problem details (RFC 9457). Clients compare `code`, which never changes. */
import type { FieldErrors } from '../protocol/fields.ts'

interface ProblemType {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 412 | 413 | 415 | 422 | 429 | 500 | 503
  readonly title: string
  /** A sentence on what to do. The answer may have a more specific one. */
  readonly detail: string
}

export const PROBLEMS = {
  'invalid-request': {
    status: 400,
    title: 'The request is invalid',
    detail: 'Correct the fields that `errors` names, and send the request again.',
  },
  'token-missing': {
    status: 401,
    title: 'No token',
    detail: 'Send the token of an operator in the header `Authorization: Bearer <token>`.',
  },
  'token-invalid': {
    status: 401,
    title: 'The token is invalid',
    detail: 'The token is unknown, expired or revoked. Ask an owner for a new one.',
  },
  'role-missing': {
    status: 403,
    title: 'The role is not sufficient',
    detail: 'The role of this operator does not allow the request.',
  },
  'not-found': {
    status: 404,
    title: 'Not found',
    detail: 'Nothing has this address, or it was deleted.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'The method is not allowed',
    detail: 'The header `Allow` lists the methods of this address.',
  },
  conflict: {
    status: 409,
    title: 'The request conflicts with the current state',
    detail: 'Read the current state, and decide again.',
  },
  'subscription-running': {
    status: 409,
    title: 'A subscription runs',
    detail: 'End the subscription at its provider, and try again after its end was reported.',
  },
  'license-not-assigned': {
    status: 409,
    title: 'The license is blocked or has no owner',
    detail: 'Unblock or assign the license first.',
  },
  'idempotency-key-reused': {
    status: 409,
    title: 'The idempotency key belongs to another request',
    detail: 'Send a new `Idempotency-Key` with each new request.',
  },
  'license-reissued': {
    status: 409,
    title: 'The license was reissued',
    detail: 'It stays blocked, since another license replaces it: `reissued_as` has its id.',
  },
  'payment-reversed': {
    status: 409,
    title: 'The payment was refunded or is disputed',
    detail:
      'The license stays blocked until the payment provider reports that the refund failed or the dispute was won.',
  },
  'version-mismatch': {
    status: 412,
    title: 'Someone else changed it',
    detail: 'Read it again, and send its new `ETag` as `If-Match`.',
  },
  'too-large': {
    status: 413,
    title: 'The body is too large',
    detail: 'Send less in one request.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The content type is not supported',
    detail: 'Send JSON with `Content-Type: application/json`.',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many requests',
    detail: 'Wait as long as the header `Retry-After` says.',
  },
  'setting-missing': {
    status: 500,
    title: 'A setting is missing or wrong',
    detail: 'Correct the setting, and send the request again.',
  },
  'internal-error': {
    status: 500,
    title: 'Internal error',
    detail: 'The log of the Worker has the cause, under the `request_id`.',
  },
  'database-unavailable': {
    status: 503,
    title: 'The database is not available',
    detail: 'Send the request again with the same `Idempotency-Key`.',
  },
} as const satisfies Record<string, ProblemType>

export type ProblemCode = keyof typeof PROBLEMS

export interface Problem {
  readonly code: ProblemCode
  readonly detail?: string
  /** What is wrong with each field. */
  readonly errors?: FieldErrors
  readonly headers?: Readonly<Record<string, string>>
}

/** The body of the answer. */
export function problemBody({ code, detail, errors }: Problem, requestId: string): object {
  const { status, title, detail: general } = PROBLEMS[code]
  return {
    type: `urn:keyseal:problem:${code}`,
    title,
    status,
    code,
    detail: detail ?? general,
    ...(errors && { errors }),
    request_id: requestId,
  }
}
