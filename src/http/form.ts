/** Reads fields from a form or the query. Ambiguous input is rejected. */
import type { Fields } from '../protocol/fields.ts'
import { BODY_VALUES_MAX, decodeUtf8, type OpenedBody, tooManyValues, UnreadableBody } from './body-text.ts'

/** The rest of a sentence about a field, in `Fields.refused`. */
export const SENT_ONLY_ONCE = 'must be sent only once'

/** A member of a list, as PHP and jQuery name it: `features[]`, or `features[0]`. */
const LIST_MEMBER = /^(license_keys|features)\[\d{0,5}\]$/

const [AMPERSAND, PLUS, SPACE] = [0x26, 0x2b, 0x20]

/**
 * application/x-www-form-urlencoded (WHATWG URL Standard section 5.1), except that broken percent-encoding is
 * rejected. The standard accepts `%zz` and incomplete characters, which would corrupt an owner's name.
 *
 * @param bytes become a form without plus signs
 * @throws UnreadableBody
 */
export function openForm(bytes: Uint8Array): OpenedBody {
  replacePlusSigns(bytes)
  const pairs = decodeUtf8(bytes)
    .split('&')
    .filter((pair) => pair !== '')
    .map(splitPair)
  return {
    peek: (names) =>
      Object.fromEntries(
        pairs.filter(([name]) => names.includes(name)).map(([name, value]) => [name, decodeFormText(value)]),
      ),
    fields: () => collectFields(pairs.map(([name, value]) => [decodeFormText(name), decodeFormText(value)])),
  }
}

/** Makes each plus sign a space, since `replaceAll` would take 300 ms for 4 MB of them, and counts the fields. */
function replacePlusSigns(bytes: Uint8Array): void {
  let fields = 1
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === PLUS) bytes[at] = SPACE
    else if (bytes[at] === AMPERSAND && ++fields > BODY_VALUES_MAX) throw tooManyValues()
  }
}

function splitPair(pair: string): readonly [name: string, value: string] {
  const end = pair.indexOf('=')
  return end === -1 ? [pair, ''] : [pair.slice(0, end), pair.slice(end + 1)]
}

function decodeFormText(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new UnreadableBody('The body must be percent-encoded UTF-8. Write a percent sign as %25.')
  }
}

/** @param url as requested. Its size is limited by the platform */
export function queryFields(url: string): Fields {
  return collectFields(new URL(url).searchParams)
}

/** @param pairs in the order of the request. The members of a list become an array, in the same order */
export function collectFields(pairs: Iterable<readonly [name: string, value: string]>): Fields {
  const values = new Map<string, unknown>()
  const refused = new Map<string, string>()
  const numberedMembers = new Set<string>()

  function add(name: string, value: unknown): void {
    if (values.has(name)) refused.set(name, SENT_ONLY_ONCE)
    values.set(name, value)
  }
  function addMember(list: string, name: string, value: string): void {
    const members = values.get(list)
    if (Array.isArray(members) && !numberedMembers.has(name)) members.push(value)
    else add(list, [value])
    if (!name.endsWith('[]')) numberedMembers.add(name)
  }

  for (const [name, value] of pairs) {
    const list = name.endsWith(']') ? LIST_MEMBER.exec(name)?.[1] : undefined
    if (list === undefined) add(name, value)
    else addMember(list, name, value)
  }
  return { values: Object.fromEntries(values), refused }
}
