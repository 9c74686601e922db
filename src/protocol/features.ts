/** Rules for lists of features: the names of what a license key unlocks, such as an edition or a module. */
import { parseJson } from '../platform/json.ts'

export const FEATURES_MAX = 50

/** A regular expression. Names need no quotes in a list, a URL or a file name. */
export const FEATURE_NAME = '^[A-Za-z0-9._:-]{1,64}$'

/** Three times the longest list, which leaves room for white space. */
const TEXT_CHARACTERS_MAX = 10_000

const IS_FEATURE_NAME = new RegExp(FEATURE_NAME)

export type ReadFeatures =
  | { readonly kind: 'features'; readonly names: readonly string[] }
  /** `rule` continues a sentence about the field: `must ...`. */
  | { readonly kind: 'unusable'; readonly rule: string }

/** @param input an array, or the text of a JSON array or of names separated by commas */
export function readFeatures(input: unknown): ReadFeatures {
  const names = typeof input === 'string' ? namesIn(input.trim()) : input
  if (!isListOfNames(names)) {
    return unusable('must be a list of names, each of 1 to 64 letters, digits or characters of ._:-')
  }
  if (names.length > FEATURES_MAX) return unusable(`must contain at most ${FEATURES_MAX} names`)
  if (new Set(names).size < names.length) return unusable('must contain each name only once')
  return { kind: 'features', names }
}

function namesIn(text: string): unknown {
  if (text.length > TEXT_CHARACTERS_MAX) return undefined
  return text.startsWith('[') ? parseJson(text) : text.split(',').map((name) => name.trim())
}

function isListOfNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string' && IS_FEATURE_NAME.test(name))
}

function unusable(rule: string): ReadFeatures {
  return { kind: 'unusable', rule }
}
