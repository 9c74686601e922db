/** Compares an answer with the one that the description tells. */

/** What no two answers have in common. */
const VOLATILE = new Set([
  'timestamp',
  'response_base64',
  'signature',
  'assigned_at',
  'created_at',
  'updated_at',
  'expires_at',
  'n',
  'kid',
])

/** Values that the server makes up, and that a later request may name. */
const MADE_UP = /^(APP(-[A-Z2-9]{5}){5}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/**
 * The names and values of an answer, in their order. Of what no two answers have in common it is the type; of a list
 * of objects it is the first, since more may be stored than an example shows.
 *
 * @param madeUp is told what stands in `documented` in place of each value that was made up
 */
export function shapeOf(value: unknown, madeUp?: Map<unknown, unknown>, documented?: unknown): unknown {
  if (Array.isArray(value)) {
    const members = typeof value[0] === 'object' ? value.slice(0, 1) : value
    return members.map((member, index) => shapeOf(member, madeUp, memberOf(documented, index)))
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).map(([name, inner]) => [
      name,
      VOLATILE.has(name) ? typeof inner : shapeOf(inner, madeUp, memberOf(documented, name)),
    ])
  }
  if (typeof value !== 'string' || !MADE_UP.test(value)) return value
  if (documented !== undefined && documented !== value) madeUp?.set(documented, value)
  return `made up, as ${value.replaceAll(/[0-9A-Za-z]/g, 'x')}`
}

function memberOf(value: unknown, name: string | number): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string | number, unknown>)[name]
    : undefined
}
