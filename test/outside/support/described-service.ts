/** Sends the examples of the API description to a running service. */

import { DEMO_API_KEY } from '../../../scripts/demo-data.ts'
import type { Media, Operation } from '../../../scripts/openapi/document.ts'
import type { OperationText } from '../../../scripts/openapi/operation.ts'
import { formFields } from '../../../scripts/openapi/requests.ts'
import { CONTRACT_KEY } from '../../../src/contracts/docs.ts'

export type BodyType = 'application/json' | 'application/x-www-form-urlencoded'

/** Sends an example with a fixed `Idempotency-Key`. */
export async function sendExample(
  origin: string,
  { endpoint }: OperationText,
  request: Record<string, unknown>,
  bodyType: BodyType,
): Promise<Response> {
  const { method, path, caller } = endpoint
  const key = caller.access === 'contract-holder' ? CONTRACT_KEY : DEMO_API_KEY
  const headers = { Authorization: `Bearer ${key}`, Connection: 'close' }
  const form = new URLSearchParams(formFields(request)).toString()
  if (method === 'GET') return fetch(`${origin}${path}?${form}`, { headers })
  const body = bodyType === 'application/json' ? JSON.stringify(request) : form
  const posted = { 'Content-Type': bodyType, 'Idempotency-Key': `example-of-${path}` }
  return fetch(`${origin}${path}`, { method, headers: { ...headers, ...posted }, body })
}

/** @returns the media type of a successful response, and its example */
export function successOf({ responses }: Operation): readonly [string, Media] {
  const success = responses['200']
  const [media] = success && !('$ref' in success) ? Object.entries(success.content) : []
  if (!media) throw new Error('The operation has no success.')
  return media
}
