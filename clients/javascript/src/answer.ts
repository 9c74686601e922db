/** Reads answers of the server. Only an answer that is signed and bound to its request counts. */
import { hexOf, membersOf, parseMembers, sha256, textFromBase64 } from './bytes.ts'
import { isSigned } from './keys.ts'
import { type AnswerOptions, type AnswerRules, readAnswerOptions } from './options.ts'

/** What the request said. The proof of its answer must say the same. */
export interface Question {
  readonly nonce: string
  /** null if the request had none */
  readonly licenseKey: string | null
  readonly identifier: string | null
}

export interface Answer {
  readonly code: string
  /** The server's time, in milliseconds since 1970. */
  readonly timestamp: number
  /** All members of the signed response. */
  readonly response: Readonly<Record<string, unknown>>
}

/**
 * Verifies an answer of the server to a request with a nonce.
 *
 * @param body the text of the answer
 * @returns null unless the answer is signed by one of `answerKeys` and bound to the question
 * @throws Error if an option is wrong, or if the platform supports none of the keys
 */
export async function readAnswer(
  body: string,
  question: Question,
  options: AnswerOptions,
): Promise<Answer | null> {
  return readBoundAnswer(body, question, readAnswerOptions(options))
}

export async function readBoundAnswer(
  body: string,
  question: Question,
  { answerKeys, productId }: AnswerRules,
): Promise<Answer | null> {
  const { response_base64: signed, signature } = parseMembers(body)
  if (typeof signed !== 'string' || typeof signature !== 'string') return null
  if (!(await isSigned(signed, signature, answerKeys))) return null
  const response = parseMembers(textFromBase64(signed))
  const { code, timestamp, proof } = response
  if (!(await isBound(membersOf(proof), question, productId)) || typeof timestamp !== 'number') return null
  return { code: String(code), timestamp: timestamp * 1000, response }
}

async function isBound(
  proof: Readonly<Record<string, unknown>>,
  { nonce, licenseKey, identifier }: Question,
  productId: number,
): Promise<boolean> {
  const hash = licenseKey === null ? null : hexOf(await sha256(licenseKey.trim()))
  return (
    proof.nonce === nonce &&
    proof.license_key_sha256 === hash &&
    proof.identifier === (identifier?.trim() ?? null) &&
    (proof.product_id === null || proof.product_id === productId)
  )
}
