/** Patterns for numbers in text, because JSON Schema has no other limits for text. */
import type { JsonSchema } from './document.ts'

/** The schema of a number that may be sent as its digits. */
interface NumberRule extends JsonSchema {
  readonly anyOf: readonly [{ minimum: number; maximum: number }, JsonSchema]
}

/** Whether a schema accepts a whole number, sent as a number or as its digits. */
function isNumberRule(rule: JsonSchema): rule is NumberRule {
  return rule.anyOf?.[0]?.type === 'integer'
}

/**
 * @returns the schema with the limits of the number for its digits too. It is one schema with two types, which readers
 *   show as one field; each keyword applies to one type only
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
 * @param min at least 0
 * @param max at least 1
 * @returns a pattern for the decimal digits of the whole numbers from `min` to `max`, leading zeros allowed
 */
export function digitsPattern(min: number, max: number): string {
  if (min === 0) return `^(0+|${positive(max)})$`
  const tooSmall = min > 1 ? `(?!${positive(min - 1)}$)` : ''
  return `^${tooSmall}${positive(max)}$`
}

function positive(max: number): string {
  return `0*(${positiveUpTo(String(max)).join('|')})`
}

/** Alternatives: numbers with fewer digits; for each digit, numbers equal before it and less in it; `max`. */
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
