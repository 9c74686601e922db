/** Compares an answer with the description. */

/** Members that differ in every answer. */
const VOLATILE = new Set([
  'timestamp',
  'response_base64',
  'signature',
  'assigned_at',
  'created_at',
  'updated_at',
  'expires_at',
  'n',
  'x',
  'hex',
  'pem',
  'kid',
  'license_file',
])

/** Values that the server generates. Later requests may use them. */
const GENERATED = /^(APP(-[A-Z2-9]{5}){5}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/**
 * The names and values of an answer, in order: the type of members that differ in every answer, and the first object of a
 * list, because the database may contain more than the example.
 *
 * @param generated collects the generated values by their values in `documented`
 */
export function shapeOf(value: unknown, generated?: Map<unknown, unknown>, documented?: unknown): unknown {
  if (Array.isArray(value)) {
    const members = typeof value[0] === 'object' ? value.slice(0, 1) : value
    return members.map((member, index) => shapeOf(member, generated, memberOf(documented, index)))
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).map(([name, inner]) => [
      name,
      VOLATILE.has(name) ? typeof inner : shapeOf(inner, generated, memberOf(documented, name)),
    ])
  }
  if (typeof value !== 'string' || !GENERATED.test(value)) return value
  if (documented !== undefined && documented !== value) generated?.set(documented, value)
  return `generated, like ${value.replaceAll(/[0-9A-Za-z]/g, 'x')}`
}

function memberOf(value: unknown, name: string | number): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string | number, unknown>)[name]
    : undefined
}
