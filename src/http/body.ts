/** Parses request fields from a form, JSON or the query string. Ambiguous input is rejected. */
import type { Fields } from '../protocol/fields.ts'

/** 64 KiB: 50 times the longest valid request without long text. */
export const BODY_BYTES_MAX = 65_536

/** For requests with a text of 10,000 characters, which takes up to 120 kB when percent-encoded. */
export const LONG_TEXT_BODY_BYTES_MAX = 2 * BODY_BYTES_MAX

export type Body =
  | { readonly kind: 'fields'; readonly fields: Fields }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'unsupported-type' }
  /** `reason`: a sentence for the sender. */
  | { readonly kind: 'unreadable'; readonly reason: string }

/** Reads at most `bytesMax` bytes, then checks the content type. */
export async function readBody(request: Request, bytesMax = BODY_BYTES_MAX): Promise<Body> {
  const bytes = await readBytes(request, bytesMax)
  if (bytes === undefined) return { kind: 'too-large' }
  const parse = parserFor(request.headers.get('Content-Type'))
  if (parse === undefined) return { kind: 'unsupported-type' }
  try {
    return { kind: 'fields', fields: parse(decodeUtf8(bytes)) }
  } catch (error) {
    if (error instanceof UnreadableBody) return { kind: 'unreadable', reason: error.message }
    throw error
  }
}

export function queryFields(url: string): Fields {
  return collectFields([...new URL(url).searchParams])
}

class UnreadableBody extends Error {}

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

/** A missing type means a form. Parameters like `charset` are ignored: the text must be UTF-8. */
function parserFor(contentType: string | null): ((text: string) => Fields) | undefined {
  const mediaType = (contentType ?? '').split(';')[0]?.trim().toLowerCase()
  if (mediaType === '' || mediaType === 'application/x-www-form-urlencoded') return parseForm
  return mediaType === 'application/json' ? parseJson : undefined
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    throw new UnreadableBody('The body must be UTF-8 text.')
  }
}

/**
 * application/x-www-form-urlencoded (WHATWG URL Standard section 5.1), except that broken percent-encoding is
 * rejected. The standard accepts `%zz` and incomplete characters, which would corrupt an owner's name.
 */
function parseForm(text: string): Fields {
  const pairs = text.split('&').filter((pair) => pair !== '')
  return collectFields(
    pairs.map((pair) => {
      const [name = '', ...value] = pair.split('=')
      return [decodeFormText(name), decodeFormText(value.join('='))]
    }),
  )
}

function decodeFormText(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new UnreadableBody('The body must be percent-encoded UTF-8. Write a percent sign as %25.')
  }
}

/** One JSON object (RFC 8259). */
function parseJson(text: string): Fields {
  const value = parseJsonText(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UnreadableBody('The body must be a JSON object.')
  }
  const { repeated } = collectFields(topLevelNames(text).map((name) => [name, undefined]))
  return { values: value as Record<string, unknown>, repeated }
}

function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text, plainNumbersOnly)
  } catch {
    throw new UnreadableBody('The body is not valid JSON.')
  }
}

/** Replaces numbers like `7.0`, `1e3`, or ones too large to be exact. Every rule rejects it, as in a form. */
const NOT_PLAIN_DIGITS = Symbol('a number that is not written in plain digits')

function plainNumbersOnly(_name: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' && context?.source !== String(value) ? NOT_PLAIN_DIGITS : value
}

/** The member names of the outermost object, including duplicates, which JSON.parse drops. */
function topLevelNames(validJson: string): string[] {
  const names: string[] = []
  let depth = 0
  for (const [token, text, colon] of validJson.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")\s*(:?)|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    else if (depth === 1 && text && colon) names.push(JSON.parse(text))
  }
  return names
}

function collectFields(pairs: readonly (readonly [string, unknown])[]): Fields {
  const values = new Map<string, unknown>()
  const repeated = new Set<string>()
  for (const [name, value] of pairs) {
    if (values.has(name)) repeated.add(name)
    values.set(name, value)
  }
  return { values: Object.fromEntries(values), repeated }
}
