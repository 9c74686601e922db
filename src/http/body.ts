/** Reads request fields from a body of any supported format. */
import type { Fields } from '../protocol/fields.ts'
import { type OpenedBody, UnreadableBody } from './body-text.ts'
import { openForm } from './form.ts'
import { openJson } from './json-body.ts'
import { openMultipart } from './multipart.ts'

/** 64 KiB: 50 times the longest valid request without long text. */
export const BODY_BYTES_MAX = 65_536

/** For requests with a text of 10,000 characters, which takes up to 120 kB when percent-encoded. */
export const LONG_TEXT_BODY_BYTES_MAX = 2 * BODY_BYTES_MAX

export type Body<Refusal> =
  | { readonly kind: 'fields'; readonly fields: Fields }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'unsupported-type' }
  /** `reason`: a sentence for the sender. */
  | { readonly kind: 'unreadable'; readonly reason: string }

/**
 * Reads at most `bytesMax` bytes, then checks the content type and the structure, and then parses.
 *
 * @param refusalOf is asked before a body of more than `BODY_BYTES_MAX` is parsed: why the caller may not send it, or
 * undefined
 */
export async function readBody<Refusal>(
  request: Request,
  bytesMax: number,
  refusalOf: (peek: OpenedBody['peek']) => Promise<Refusal | undefined>,
): Promise<Body<Refusal>> {
  const bytes = await readBytes(request, bytesMax)
  if (bytes === undefined) return { kind: 'too-large' }
  // Clients that send all fields in the query announce any type, and no body.
  const isInQuery = bytes.byteLength === 0 && request.url.includes('?')
  const contentType = isInQuery ? '' : (request.headers.get('Content-Type') ?? '')
  const open = openerFor(contentType)
  if (open === undefined) return { kind: 'unsupported-type' }
  try {
    const opened = open(bytes, contentType)
    const refusal = bytes.byteLength > BODY_BYTES_MAX ? await refusalOf(opened.peek) : undefined
    return refusal === undefined ? { kind: 'fields', fields: opened.fields() } : { kind: 'refused', refusal }
  } catch (error) {
    if (error instanceof UnreadableBody) return { kind: 'unreadable', reason: error.message }
    throw error
  }
}

/** A missing type means a form. Parameters like `charset` are ignored: the text must be UTF-8. */
function openerFor(
  contentType: string,
): ((bytes: Uint8Array, contentType: string) => OpenedBody) | undefined {
  switch (contentType.split(';')[0]?.trim().toLowerCase()) {
    case '':
    case 'application/x-www-form-urlencoded':
      return openForm
    case 'application/json':
    case 'text/json':
      return (bytes) => openJson(bytes)
    case 'multipart/form-data':
      return openMultipart
    default:
      return undefined
  }
}

/** @returns the body, or undefined as soon as it is longer than `bytesMax` */
export async function readBytes(request: Request, bytesMax: number): Promise<Uint8Array | undefined> {
  const contentLength = request.headers.get('Content-Length') ?? ''
  if (Number(contentLength) > bytesMax) return undefined
  // Content-Length is the exact length unless the body is chunked (RFC 9112 section 6.3).
  const isLengthKnown = /^\d+$/.test(contentLength) && !request.headers.has('Transfer-Encoding')
  const bytes = isLengthKnown ? await request.bytes() : await readChunks(request.body, bytesMax)
  return bytes && bytes.byteLength <= bytesMax ? bytes : undefined
}

/** @returns the bytes, or undefined as soon as there are more than `bytesMax` */
export async function readChunks(
  body: ReadableStream | null,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength
    if (length > bytesMax) return undefined // Leaving the loop cancels the stream.
    chunks.push(chunk)
  }
  return new Response(new Blob(chunks)).bytes()
}
