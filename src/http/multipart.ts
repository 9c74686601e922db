/**
 * A body of multipart/form-data (RFC 7578), as PHP, curl and browsers send a form of fields and files.
 *
 * The platform's own parser takes 0.5 s for 4 MB of headers, before it is known who sends them. This one bounds the
 * number of parts and the length of their headers.
 */
import {
  BODY_VALUES_MAX,
  decodeLeniently,
  decodeUtf8,
  type OpenedBody,
  tooManyValues,
  UnreadableBody,
} from './body-text.ts'
import { collectFields } from './form.ts'

/** The rest of a sentence about a field, in `Fields.refused`. */
const NOT_A_FILE = 'must not be a file'

/** Of all headers of a part. */
const HEADER_CHARACTERS_MAX = 1_000

/** RFC 2046 section 5.1.1. */
const BOUNDARY = /;[ \t]*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70})(?![^\s;]))/i

const NAME = /^Content-Disposition:[ \t]*form-data[ \t]*;(?:.*;)?[ \t]*name=(?:"([^"]*)"|([^\s;"]+))/im
const FILE_NAME = /;[ \t]*filename\*?=/i

interface Part {
  readonly name: string
  readonly value: string
  readonly isFile: boolean
}

/**
 * The text must be UTF-8, whatever a part says about its own `charset`.
 *
 * @param contentType with the boundary
 * @throws UnreadableBody
 */
export function openMultipart(bytes: Uint8Array, contentType: string): OpenedBody {
  // A file may have any bytes.
  const parts = partsOf(decodeLeniently(bytes), boundaryOf(contentType))
  const texts = parts.filter(({ isFile }) => !isFile).map(({ name, value }) => [name, value] as const)
  return {
    peek: (names) => Object.fromEntries(texts.filter(([name]) => names.includes(name))),
    fields() {
      if (texts.some(([name, value]) => name.includes('\ufffd') || value.includes('\ufffd')))
        decodeUtf8(bytes)
      const { values, refused } = collectFields(texts)
      const files = parts.filter(({ isFile }) => isFile).map(({ name }) => [name, NOT_A_FILE] as const)
      return { values, refused: new Map([...refused, ...files]) }
    },
  }
}

function boundaryOf(contentType: string): string {
  const [, quoted, token] = BOUNDARY.exec(contentType) ?? []
  const boundary = quoted ?? token
  if (boundary === undefined) throw unreadable('its Content-Type has no boundary')
  return boundary
}

function partsOf(text: string, boundary: string): Part[] {
  // A line break belongs to the boundary after it. The first boundary may have none.
  const [, ...sections] = `\r\n${text}`.split(`\r\n--${boundary}`, BODY_VALUES_MAX + 3)
  if (sections.length > BODY_VALUES_MAX + 1) throw tooManyValues()
  if (!sections.pop()?.startsWith('--')) throw unreadable('its last boundary is missing')
  return sections.map(partOf)
}

/** @param section after the boundary: the end of its line, headers, an empty line, and the value */
function partOf(section: string): Part {
  const end = section.indexOf('\r\n\r\n')
  if (end === -1 || end > HEADER_CHARACTERS_MAX)
    throw unreadable('the headers of a part are missing or too long')
  const headers = section.slice(0, end)
  const [, quoted, token] = NAME.exec(headers) ?? []
  const name = quoted ?? token
  if (name === undefined) throw unreadable('a part has no name')
  return { name, value: section.slice(end + 4), isFile: FILE_NAME.test(headers) }
}

function unreadable(why: string): UnreadableBody {
  return new UnreadableBody(`The body is not valid multipart/form-data: ${why}.`)
}
