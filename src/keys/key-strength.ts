/**
 * How hard license keys are to guess that were made elsewhere. The estimate is an upper bound: it takes every letter
 * and digit as random. Numbered keys, or a word that all keys begin with, make them weaker than that.
 */
import { KEY_SPACE_BITS_MIN } from '../issuing/key-formats.ts'

/**
 * @returns the number of letters and digits times the binary logarithm of their alphabet: 10 for digits, 16 for
 * hexadecimal digits, otherwise 10 for digits and 26 each for lower-case, upper-case and other letters, if there are
 * any. Hyphens and other signs do not count, since they only separate
 */
export function apparentBits(licenseKey: string): number {
  const characters = licenseKey.replaceAll(/[^\p{L}\p{N}]/gu, '')
  return characters.length * Math.log2(alphabetOf(characters))
}

function alphabetOf(characters: string): number {
  if (/^\d*$/.test(characters)) return 10
  if (/^[\da-f]*$/i.test(characters)) return 16
  const kinds = [/[a-z]/, /[A-Z]/, /[^\da-zA-Z]/].filter((kind) => kind.test(characters))
  return 26 * kinds.length + (/\d/.test(characters) ? 10 : 0)
}

export function isWeakKey(licenseKey: string): boolean {
  return apparentBits(licenseKey) < KEY_SPACE_BITS_MIN
}

/** @returns a sentence for the operator that names the risk; undefined if no key is weak */
export function weakKeysWarning(licenseKeys: readonly string[]): string | undefined {
  const weak = licenseKeys.filter(isWeakKey).length
  if (weak === 0) return undefined
  return `${weak} of ${licenseKeys.length} license keys have less than ${KEY_SPACE_BITS_MIN} bits (13 random letters and digits have more). Someone who tries many keys could find one and use the license of a buyer`
}
