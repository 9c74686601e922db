/** The fields of a request, wherever its method carries them, or the answer to one that can not be read. */
import * as z from 'zod/mini'
import { CODES } from '../protocol/codes.ts'
import type { Answer } from '../protocol/endpoint.ts'
import { checkFields, type FieldErrors } from '../protocol/fields.ts'
import { BODY_BYTES_MAX, type BodyFields, queryFields, readBody } from './body.ts'

export type Received =
  | { readonly kind: 'fields'; readonly fields: BodyFields }
  | { readonly kind: 'unreadable'; readonly answer: Answer }

/** @param bodyBytesMax how long a body may be; a GET carries its fields in the query */
export async function receive(request: Request, bodyBytesMax = BODY_BYTES_MAX): Promise<Received> {
  // A HEAD is a GET whose answer is not wanted.
  if (request.method !== 'POST') return { kind: 'fields', fields: queryFields(request.url) }
  const body = await readBody(request, bodyBytesMax)
  switch (body.kind) {
    case 'fields':
      return body
    case 'too-large':
      return { kind: 'unreadable', answer: { code: CODES.bodyTooLarge } }
    case 'unsupported-type':
      return { kind: 'unreadable', answer: { code: CODES.unsupportedMediaType } }
    case 'unreadable':
      return { kind: 'unreadable', answer: incorrectData({ body: [body.reason] }) }
  }
}

/** The answer to wrong parameters, where the protocol has no code of its own for them. */
export function incorrectData(errors: FieldErrors): Answer {
  return { code: CODES.incorrectData, fields: { errors } }
}

const HEADERS = z.object({
  'Idempotency-Key': z.optional(
    z
      .string()
      .check(
        z.regex(
          /^[\x21-\x7e]{1,255}$/,
          'The Idempotency-Key header must be 1 to 255 visible ASCII characters.',
        ),
      ),
  ),
})

/** @returns the header, or what is wrong with it */
export function idempotencyKeyOf(request: Request) {
  const value = request.headers.get('Idempotency-Key') ?? undefined
  return checkFields(HEADERS, { values: { 'Idempotency-Key': value }, repeated: new Set() })
}
