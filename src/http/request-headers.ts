/** Request headers that every API of the service reads. */
import type { Checked } from '../protocol/fields.ts'

/** The header `Idempotency-Key`, or undefined. */
export function idempotencyKeyOf(headers: Headers): Checked<string | undefined> {
  const value = headers.get('Idempotency-Key') ?? undefined
  if (value === undefined || /^[\x21-\x7e]{1,255}$/.test(value)) return { kind: 'valid', parameters: value }
  const sentence = 'The Idempotency-Key header must be 1 to 255 visible ASCII characters.'
  return { kind: 'invalid', errors: { 'Idempotency-Key': [sentence] } }
}
