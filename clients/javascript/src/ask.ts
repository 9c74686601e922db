/** Asks the server, with a new nonce each time. */
import { type Answer, readBoundAnswer } from './answer.ts'
import { hexOf } from './bytes.ts'
import type { Settings } from './options.ts'
import { post } from './request.ts'

export type Exchange =
  | { readonly answer: Answer; readonly retryAfter: string | null }
  | {
      readonly answer: null
      readonly retryAfter: string | null
      readonly reason: 'unreachable' | 'not-trusted'
    }

export interface Asked {
  /** null for a request without a license key */
  readonly licenseKey: string | null
  readonly identifier: string
}

/** @throws Error if the platform supports none of `answerKeys` */
export async function ask(
  settings: Settings,
  path: string,
  { licenseKey, identifier }: Asked,
  fields: Readonly<Record<string, string>>,
): Promise<Exchange> {
  const nonce = hexOf(crypto.getRandomValues(new Uint8Array(16)))
  const reply = await post(settings.server + path, settings.apiKey, {
    ...(licenseKey === null ? {} : { license_key: licenseKey }),
    identifier,
    nonce,
    ...fields,
  })
  if (reply.kind === 'unreachable') return { answer: null, retryAfter: null, reason: 'unreachable' }
  const { body, retryAfter } = reply
  const answer = await readBoundAnswer(body, { nonce, licenseKey, identifier }, settings)
  return answer === null ? { answer, retryAfter, reason: 'not-trusted' } : { answer, retryAfter }
}

/** The fields that say which license file is wanted. */
export function fileFields({ algorithm, encrypt, fileDays }: Settings): Readonly<Record<string, string>> {
  const ttl = fileDays === undefined ? {} : { ttl: String(Math.round(fileDays * 86_400)) }
  return { algorithm, encrypt: encrypt ? '1' : '0', ...ttl }
}
