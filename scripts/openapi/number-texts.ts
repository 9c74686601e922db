/** The limits of numbers that come as text, which JSON Schema can tell only by a pattern. */
import type { JsonSchema } from './document.ts'

/** As the rules of the parameters write a number that may come as its digits. */
interface NumberRule extends JsonSchema {
  readonly anyOf: readonly [{ minimum: number; maximum: number }, JsonSchema]
}

/** Whether a rule is about a whole number, sent as such or as its digits. */
function isNumberRule(rule: JsonSchema): rule is NumberRule {
  return rule.anyOf?.[0]?.type === 'integer'
}

/**
 * @returns the same rule, whose digits have the limits of its number; as one schema of two types, which readers see as
 *   one field: each of its keywords is about one of the types alone
 */
export function withLimitedDigits(rule: JsonSchema): JsonSchema {
  if (!isNumberRule(rule)) return rule
  const { anyOf, ...others } = rule
  const [{ minimum, maximum }] = anyOf
  return {
    ...others,
    type: ['integer', 'string'],
    minimum,
    maximum,
    pattern: digitsPattern(minimum, maximum),
  }
}

/**
 * @param min 0 or 1: no parameter has another one
 * @param max at least 1
 * @returns a pattern for the decimal digits of the whole numbers from `min` to `max`, leading zeros allowed
 */
export function digitsPattern(min: number, max: number): string {
  const positive = `0*(${positiveUpTo(String(max)).join('|')})`
  return min === 0 ? `^(0+|${positive})$` : `^${positive}$`
}

/** Those with fewer digits; then, for each digit, those that are the same before it and less in it; then `max`. */
function positiveUpTo(max: string): string[] {
  const shorter = max.length > 1 ? [`[1-9]${anyDigits(0, max.length - 2)}`] : []
  const lesser = [...max].flatMap((digit, index) => {
    const [least, greatest] = [index === 0 ? 1 : 0, Number(digit) - 1]
    const rest = max.length - 1 - index
    return greatest < least ? [] : [`${max.slice(0, index)}[${least}-${greatest}]${anyDigits(rest, rest)}`]
  })
  return [...shorter, ...lesser, max]
}

function anyDigits(min: number, max: number): string {
  if (max === 0) return ''
  return min === max ? `[0-9]{${max}}` : `[0-9]{${min},${max}}`
}
