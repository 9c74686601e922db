/** A body that is one JSON object (RFC 8259). Its bytes are scanned before they are parsed. */
import type { Fields } from '../protocol/fields.ts'
import { BODY_VALUES_MAX, decodeUtf8, type OpenedBody, tooManyValues, UnreadableBody } from './body-text.ts'
import { SENT_ONLY_ONCE } from './form.ts'
import { type Member, scanJson } from './scan-json.ts'

/** Parameters are at most two deep. Unknown fields, which are ignored, may be deeper. */
export const JSON_DEPTH_MAX = 32

/**
 * @param valuesMax the most fields and members of lists
 * @throws UnreadableBody
 */
export function openJson(bytes: Uint8Array, valuesMax: number = BODY_VALUES_MAX): OpenedBody {
  const scanned = scanJson(bytes, { depthMax: JSON_DEPTH_MAX, valuesMax })
  if (scanned.kind === 'too-many-values') throw tooManyValues(valuesMax)
  if (scanned.kind === 'too-deep') {
    throw new UnreadableBody(`The body must have at most ${JSON_DEPTH_MAX} nested lists and objects.`)
  }
  const { members, hasPlainNumbers } = scanned
  return {
    peek(names) {
      const wanted = members.filter((member) => names.includes(nameOf(bytes, member)))
      return Object.fromEntries(
        wanted.map((member) => [nameOf(bytes, member), parse(bytes, member.valueStart, member.valueEnd)]),
      )
    },
    fields() {
      const value = parseJson(decodeUtf8(bytes), hasPlainNumbers)
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new UnreadableBody('The body must be a JSON object.')
      }
      return { values: value as Record<string, unknown>, refused: repeatedNames(bytes, members) }
    },
  }
}

/** JSON.parse keeps only the last of several members with one name. */
function repeatedNames(bytes: Uint8Array, members: readonly Member[]): Fields['refused'] {
  const [names, refused] = [new Set<string>(), new Map<string, string>()]
  for (const member of members) {
    const name = nameOf(bytes, member)
    if (names.has(name)) refused.set(name, SENT_ONLY_ONCE)
    names.add(name)
  }
  return refused
}

function nameOf(bytes: Uint8Array, { nameStart, nameEnd }: Member): string {
  return String(parse(bytes, nameStart, nameEnd))
}

function parse(bytes: Uint8Array, start: number, end: number): unknown {
  return parseJson(decodeUtf8(bytes.subarray(start, end)), true)
}

/** @throws UnreadableBody */
function parseJson(text: string, hasPlainNumbers: boolean): unknown {
  try {
    return hasPlainNumbers ? JSON.parse(text) : JSON.parse(text, plainNumbersOnly)
  } catch {
    throw new UnreadableBody('The body is not valid JSON.')
  }
}

/** Replaces numbers like `7.0`, `1e3`, or ones too large to be exact. Every rule rejects it, as in a form. */
const NOT_PLAIN_DIGITS = Symbol('a number that is not written in plain digits')

function plainNumbersOnly(_name: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' && context?.source !== String(value) ? NOT_PLAIN_DIGITS : value
}
